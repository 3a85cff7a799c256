// The processes at a cgroup path, read from the mounted hierarchies. That takes some 10 µs for a container's path; to
// find them in /proc takes as long for each process of the host. Loop thread only.
//
// The agent may see no hierarchy (a pod without /sys/fs/cgroup), or only a part of one (a private cgroup namespace).
#pragma once

#include <memory>
#include <vector>

#include "agent/host/host.h"
#include "common/base/file.h"
#include "common/net_cls/mount.h"

namespace netclsd {

class MountedCgroups : public Cgroups {
 public:
  // A mount that cannot be opened, or is no cgroup hierarchy, is left out.
  explicit MountedCgroups(const std::vector<CgroupMount>& mounts);
  // Those of /proc/self/mountinfo, without net_cls: no membership path is in it, and while a directory in it is open it
  // cannot be unmounted.
  [[nodiscard]] static MountedCgroups open();

  std::optional<std::vector<Pid>> processes_at(const CgroupEntry& entry) override;
  bool is_gone(const CgroupEntry& entry) override;
  std::unique_ptr<CgroupWalk> walk(const CgroupEntry& entry) override;

 private:
  struct Hierarchy {
    CgroupMount mount;
    UniqueFd root;
  };
  std::vector<Hierarchy> hierarchies_;
};

}  // namespace netclsd
