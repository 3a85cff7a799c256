// Where a process is in each cgroup hierarchy: the content of /proc/PID/cgroup as a value. Pure.
//
// The paths are relative to the cgroup namespace of whoever read the file ("/../t1" is possible), so only paths read
// by the same process may be compared.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netclsd {

// A hierarchy's name: "" is the unified one, otherwise the controllers as the kernel lists them ("memory",
// "net_cls,net_prio", "name=systemd").
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

[[nodiscard]] bool has_controller(std::string_view hierarchy, std::string_view controller);

// True for the same path or one below it: "/a/b" is within "/a" and "/", "/ab" is not within "/a".
[[nodiscard]] bool is_within(std::string_view path, std::string_view ancestor);
// "/a/b" → "/a", "/a" → "/", "/" → std::nullopt.
[[nodiscard]] std::optional<std::string_view> parent_path(std::string_view path);

// The way from the directory `root` down to `path`, both seen from one cgroup namespace: from "/.." to "/../a/b" it is
// "a/b". std::nullopt when `path` is not below `root` or names are missing ("/../.." to "/../a").
[[nodiscard]] std::optional<std::string> relative_path(std::string_view root, std::string_view path);

}  // namespace netclsd
