#include "agent/kernel/mounted_cgroups.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "common/base/file.h"
#include "common/net_cls/group.h"

namespace netclsd {
namespace {

constexpr std::size_t kMountInfoMax_bytes = 16U << 20;
constexpr std::size_t kNamesMax = 10'000;
constexpr int kDepthMax = 16;

// Something else may be mounted over it by now.
bool is_cgroup(const UniqueFd& directory) {
  struct statfs status {};
  if (::fstatfs(directory.get(), &status) != 0) return false;
  return status.f_type == CGROUP2_SUPER_MAGIC || status.f_type == CGROUP_SUPER_MAGIC;
}

// A directory's link count is 2 and one for each directory in it: most have none, and need not be listed.
bool has_children(const UniqueFd& group) {
  struct stat status {};
  return ::fstat(group.get(), &status) != 0 || status.st_nlink > 2;
}

bool add_processes(const UniqueFd& group, int depth, std::vector<Pid>& pids);

bool add_children(const UniqueFd& group, int depth, std::vector<Pid>& pids) {
  if (depth == kDepthMax) return false;
  const auto names = list_some_names(group, kNamesMax);
  if (!names || names->size() == kNamesMax) return false;
  for (const std::string& name : *names) {
    struct stat status {};
    if (::fstatat(group.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode)) continue;
    const auto child = open_directory_at(group, name);
    if (child && !add_processes(*child, depth + 1, pids)) return false;
  }
  return true;
}

// False where the kernel does not tell: a threaded group of the unified hierarchy has no list of processes.
bool add_processes(const UniqueFd& group, int depth, std::vector<Pid>& pids) {
  const auto inside = processes_in(group);
  if (!inside) return false;
  pids.insert(pids.end(), inside->begin(), inside->end());
  return !has_children(group) || add_children(group, depth, pids);
}

}  // namespace

MountedCgroups::MountedCgroups(const std::vector<CgroupMount>& mounts) {
  for (const CgroupMount& mount : mounts) {
    auto root = open_directory(mount.mount_point);
    if (root && is_cgroup(*root)) hierarchies_.push_back({mount, std::move(*root)});
  }
}

MountedCgroups MountedCgroups::open() {
  const auto mountinfo = read_file("/proc/self/mountinfo", kMountInfoMax_bytes);
  return MountedCgroups(mountinfo ? find_cgroup_mounts(*mountinfo) : std::vector<CgroupMount>{});
}

std::optional<std::vector<Pid>> MountedCgroups::processes_at(const CgroupEntry& entry) {
  for (const Hierarchy& hierarchy : hierarchies_) {
    if (!is_hierarchy(hierarchy.mount, entry.hierarchy)) continue;
    const auto relative = relative_path(hierarchy.mount.root, entry.path);
    const auto group = relative ? open_group(hierarchy.root, *relative) : failure(ErrorCode::kNotFound, entry.path);
    std::vector<Pid> pids;
    if (group && add_processes(*group, 0, pids)) return pids;
  }
  return std::nullopt;
}

}  // namespace netclsd
