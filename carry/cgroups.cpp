#include "carry/cgroups.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "common/base/file.h"
#include "common/model/cgroup_paths.h"
#include "common/net_cls/mount.h"
#include "common/proc/proc.h"

namespace netclsd::carry {
namespace {

constexpr std::size_t kMountInfoMax_bytes = 16U << 20;

Failure no_cgroup(std::string why) { return failure(ErrorCode::kNotFound, std::move(why)); }

Result<CgroupId> id_of(const std::string& directory) {
  struct stat found {};
  if (::stat(directory.c_str(), &found) != 0) return system_failure(errno, "look at", directory);
  return found.st_ino;
}

Result<CgroupId> find_mounted(const std::string& proc, const std::string& path) {
  const auto mountinfo = read_file(proc + "/self/mountinfo", kMountInfoMax_bytes);
  if (!mountinfo) return pass_on(mountinfo.error());
  for (const CgroupMount& mount : find_cgroup_mounts(*mountinfo)) {
    if (!mount.controllers.empty()) continue;
    const auto relative = relative_path(mount.root, path);
    if (!relative) continue;
    if (auto id = id_of(mount.mount_point + "/" + *relative)) return id;
  }
  return no_cgroup("its cgroup is in no mount of the unified hierarchy that the carrier can see");
}

}  // namespace

std::optional<std::string> cgroup_of_container(std::string_view of_init, std::string_view membership) {
  const std::string_view name = membership.substr(membership.rfind('/') + 1);
  if (name.empty() || name == "..") return std::nullopt;
  for (std::optional<std::string_view> path = of_init; path; path = parent_path(*path)) {
    if (path->substr(path->rfind('/') + 1) == name) return std::string(*path);
  }
  return std::nullopt;
}

Result<CgroupId> find_cgroup(const std::string& proc, const ProcessKey& init, std::string_view membership) {
  if (membership.empty()) return no_cgroup("it has no cgroup of its own in the unified hierarchy");
  const auto paths = read_cgroup_paths(proc, init.pid);
  if (!paths) return pass_on(paths.error());
  const std::string* unified = *paths ? (*paths)->find("") : nullptr;
  if (unified == nullptr) return no_cgroup("its init is in no cgroup of the unified hierarchy");
  const auto path = cgroup_of_container(*unified, membership);
  if (!path) return no_cgroup("its init has left the container's cgroup");
  return find_mounted(proc, *path);
}

}  // namespace netclsd::carry
