// The path of a process in each cgroup hierarchy: the content of /proc/PID/cgroup as a value. Pure.
//
// The paths are relative to the cgroup namespace of the process that read the file ("/../t1" is possible). So only
// paths that the same process has read may be compared.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netclsd {

// "" is the unified hierarchy. Others have the list of controllers as the kernel writes it: "memory",
// "net_cls,net_prio", "name=systemd".
using HierarchyName = std::string;

struct CgroupEntry {
  HierarchyName hierarchy;
  std::string path;
  friend bool operator==(const CgroupEntry&, const CgroupEntry&) = default;
};

// In the order of the file: v1 hierarchies first, the unified one last.
struct CgroupPaths {
  std::vector<CgroupEntry> entries;

  [[nodiscard]] static CgroupPaths parse(std::string_view proc_pid_cgroup);

  [[nodiscard]] const std::string* find(std::string_view hierarchy) const;
  // nullptr where no net_cls hierarchy is mounted.
  [[nodiscard]] const std::string* net_cls() const;
  friend bool operator==(const CgroupPaths&, const CgroupPaths&) = default;
};

// Until the end of its fork a process is in no cgroup, and /proc shows the root of each hierarchy for it: "/", or what
// is above the root of the reader's cgroup namespace: "/..", "/../..". False: its fork has ended. True also for a
// process that is at home in the roots.
[[nodiscard]] bool may_be_half_born(const CgroupPaths& cgroups);

[[nodiscard]] bool has_controller(std::string_view hierarchy, std::string_view controller);

// Whether `path` is `ancestor` or below it: "/a/b" is within "/a" and "/", "/ab" is not within "/a".
[[nodiscard]] bool is_within(std::string_view path, std::string_view ancestor);
// "/a/b" → "/a", "/a" → "/", "/" → std::nullopt.
[[nodiscard]] std::optional<std::string_view> parent_path(std::string_view path);

// The path from `root` down to `path`, both as seen in one cgroup namespace: from "/.." to "/../a/b" it is "a/b".
// std::nullopt: `path` is not below `root`, or names are missing ("/../.." to "/../a").
[[nodiscard]] std::optional<std::string> relative_path(std::string_view root, std::string_view path);
// The reverse: "/.." and "a/b" make "/../a/b".
[[nodiscard]] std::string join_paths(std::string_view root, std::string_view relative);

}  // namespace netclsd
