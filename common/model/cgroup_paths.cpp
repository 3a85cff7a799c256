#include "common/model/cgroup_paths.h"

#include <algorithm>

#include "common/base/text.h"

namespace netclsd {
namespace {

// "/.." stands for a level above the root of the reader's cgroup namespace; it is not a child. "..a" is an ordinary
// name.
bool leads_up(std::string_view path) { return path == "/.." || path.starts_with("/../"); }

}  // namespace

CgroupPaths CgroupPaths::parse(std::string_view proc_pid_cgroup) {
  CgroupPaths paths;
  for (const std::string_view line : split(proc_pid_cgroup, '\n')) {
    // "ID:CONTROLLERS:PATH"; the path may contain colons.
    const auto fields = split(line, ':', 3);
    if (fields.size() == 3) paths.entries.push_back({std::string(fields[1]), std::string(fields[2])});
  }
  return paths;
}

const std::string* CgroupPaths::find(std::string_view hierarchy) const {
  for (const CgroupEntry& entry : entries) {
    if (entry.hierarchy == hierarchy) return &entry.path;
  }
  return nullptr;
}

const std::string* CgroupPaths::net_cls() const {
  for (const CgroupEntry& entry : entries) {
    if (has_controller(entry.hierarchy, "net_cls")) return &entry.path;
  }
  return nullptr;
}

bool may_be_half_born(const CgroupPaths& cgroups) {
  return std::all_of(cgroups.entries.begin(), cgroups.entries.end(), [](const CgroupEntry& entry) {
    std::string_view path = entry.path;
    while (path.starts_with("/..")) path.remove_prefix(3);
    return path.empty() || path == "/";
  });
}

bool has_controller(std::string_view hierarchy, std::string_view controller) {
  while (!hierarchy.empty()) {
    const std::size_t comma = hierarchy.find(',');
    if (hierarchy.substr(0, comma) == controller) return true;
    hierarchy = comma == std::string_view::npos ? "" : hierarchy.substr(comma + 1);
  }
  return false;
}

bool is_within(std::string_view path, std::string_view ancestor) {
  if (ancestor == "/") return !leads_up(path);
  if (!path.starts_with(ancestor)) return false;
  const std::string_view rest = path.substr(ancestor.size());
  return rest.empty() || (rest.front() == '/' && !leads_up(rest));
}

std::optional<std::string_view> parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (path == "/" || slash == std::string_view::npos) return std::nullopt;
  return slash == 0 ? std::string_view("/") : path.substr(0, slash);
}

std::optional<std::string> relative_path(std::string_view root, std::string_view path) {
  if (!is_within(path, root)) return std::nullopt;
  std::string_view rest = root == "/" ? path : path.substr(root.size());
  while (rest.starts_with('/')) rest.remove_prefix(1);
  return std::string(rest);
}

std::string join_paths(std::string_view root, std::string_view relative) {
  if (relative.empty()) return std::string(root);
  return (root == "/" ? "/" : std::string(root) + "/") + std::string(relative);
}

}  // namespace netclsd
