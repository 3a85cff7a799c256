// What the kernel's own texts say about net_cls: where its hierarchy is mounted (and all others), which controllers are
// in it. Pure. The texts are those of proc(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace netclsd {

// The group that all groups of ours are made below, unless the configuration names another.
inline constexpr const char* kDefaultParentGroup = "netclsd";

struct NetClsMount {
  std::string mount_point;
  // The directory of the hierarchy that is mounted there, as seen from the reader's cgroup namespace: "/" or, in a
  // private namespace, possibly "/..".
  std::string root;
  // The other controllers in the hierarchy, without net_prio. Their limits no longer hold for a process that is moved.
  std::vector<std::string> others = {};
  friend bool operator==(const NetClsMount&, const NetClsMount&) = default;
};

// In the text of /proc/self/mountinfo, the first writable mount of a cgroup v1 hierarchy that has net_cls. With
// `mount_point`, only the one there. Octal escapes (\040) are undone.
[[nodiscard]] std::optional<NetClsMount> find_net_cls_mount(std::string_view mountinfo,
                                                            std::string_view mount_point = {});

// kConflict if the hierarchy has other controllers; the message names them and the mount. A process is in one group for
// all controllers of a hierarchy. If it is moved into a group of ours it also leaves the cpu or memory group that its
// runtime made for it, and the limits there no longer hold. net_prio limits nothing.
[[nodiscard]] Result<void> expect_no_others(const NetClsMount& mount);

// The controllers among a hierarchy's options, without net_cls and net_prio. `options` as in mountinfo
// ("rw,seclabel,cpu,net_cls,xattr,release_agent=/a,name=b") or in /proc/PID/cgroup ("cpu,net_cls,name=b").
[[nodiscard]] std::vector<std::string> other_controllers(std::string_view options);

// "cpu", "cpu and memory", "cpu, cpuacct and memory".
[[nodiscard]] std::string in_words(const std::vector<std::string>& names);

struct NetClsController {
  std::uint64_t groups = 0;  // with the hierarchy's root, and with removed groups that the kernel has not freed yet
  bool is_enabled = false;   // true also with the kernel's option cgroup_no_v1
};

// In the text of /proc/cgroups. std::nullopt: the kernel has no net_cls.
[[nodiscard]] std::optional<NetClsController> find_net_cls_controller(std::string_view proc_cgroups);

struct CgroupMount {
  std::string controllers;  // its options, the controllers among them; "" for the unified hierarchy
  std::string mount_point;
  std::string root;  // as in NetClsMount
  friend bool operator==(const CgroupMount&, const CgroupMount&) = default;
};

// All mounts of cgroup hierarchies, in the order of the text.
[[nodiscard]] std::vector<CgroupMount> find_cgroup_mounts(std::string_view mountinfo);

// The mount point of the first cgroup mount, of whichever version, that has the option favordynmods. Mounts of one
// hierarchy share it. std::nullopt: there is none.
[[nodiscard]] std::optional<std::string> find_favordynmods(std::string_view mountinfo);

// `hierarchy` as in /proc/PID/cgroup ("cpu,cpuacct"). Its first controller decides: no controller is in two
// hierarchies.
[[nodiscard]] bool is_hierarchy(const CgroupMount& mount, std::string_view hierarchy);

}  // namespace netclsd
