// Finding the net_cls hierarchy, and all others, among the mounts. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netclsd {

// The group every group of ours is made below, unless the configuration names another.
inline constexpr const char* kDefaultParentGroup = "netclsd";

struct NetClsMount {
  std::string mount_point;
  // What of the hierarchy is mounted there, as seen from the reader's cgroup namespace: "/" or, in a private
  // namespace, possibly "/..".
  std::string root;
  friend bool operator==(const NetClsMount&, const NetClsMount&) = default;
};

// Reads /proc/self/mountinfo's text. The first writable mount of a cgroup v1 hierarchy that has net_cls; with
// `mount_point`, only the one there. Octal escapes (\040) are undone.
[[nodiscard]] std::optional<NetClsMount> find_net_cls_mount(std::string_view mountinfo,
                                                            std::string_view mount_point = {});

struct CgroupMount {
  std::string controllers;  // its options, the controllers among them; "" for the unified hierarchy
  std::string mount_point;
  std::string root;  // as in NetClsMount
  friend bool operator==(const CgroupMount&, const CgroupMount&) = default;
};

// All mounts of cgroup hierarchies, in the order of the text.
[[nodiscard]] std::vector<CgroupMount> find_cgroup_mounts(std::string_view mountinfo);

// `hierarchy` as in /proc/PID/cgroup. A controller is in one hierarchy only, so the first one tells.
[[nodiscard]] bool is_hierarchy(const CgroupMount& mount, std::string_view hierarchy);

}  // namespace netclsd
