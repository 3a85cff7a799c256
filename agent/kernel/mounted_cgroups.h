// Who is at a cgroup path, read from the mounted hierarchies themselves: some 10 µs for a container's path, where
// asking every process in /proc takes that for each. Loop thread only.
//
// The agent may see none of them (a pod without /sys/fs/cgroup), or only a part (a private cgroup namespace).
#pragma once

#include <vector>

#include "agent/engine/host.h"
#include "common/base/unique_fd.h"
#include "common/net_cls/mount.h"

namespace netclsd {

class MountedCgroups : public Cgroups {
 public:
  // What cannot be opened, or is no cgroup hierarchy, is left out.
  explicit MountedCgroups(const std::vector<CgroupMount>& mounts);
  // Those of /proc/self/mountinfo.
  [[nodiscard]] static MountedCgroups open();

  std::optional<std::vector<Pid>> processes_at(const CgroupEntry& entry) override;

 private:
  struct Hierarchy {
    CgroupMount mount;
    UniqueFd root;
  };
  std::vector<Hierarchy> hierarchies_;
};

}  // namespace netclsd
