#include "agent/host/mounted_cgroups.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "common/base/file.h"
#include "common/net_cls/group.h"

namespace netclsd {
namespace {

constexpr std::size_t kMountsShownMax_bytes = 16U << 20;
constexpr std::size_t kWalkDepthMax = 16;

// Something else may have been mounted over it meanwhile.
bool is_cgroup(const UniqueFd& directory) {
  struct statfs status {};
  if (::fstatfs(directory.get(), &status) != 0) return false;
  return status.f_type == CGROUP2_SUPER_MAGIC || status.f_type == CGROUP_SUPER_MAGIC;
}

// Depth first. Keeps one directory open for each level.
class OpenWalk : public CgroupWalk {
 public:
  explicit OpenWalk(UniqueFd top) : next_(std::move(top)) {}

  Progress go_on(std::size_t& groups_left, std::vector<Pid>& pids) override {
    for (; groups_left > 0; --groups_left) {
      if (!next_.is_open() && !find_next()) return is_untold_ ? Progress::kUntold : Progress::kDone;
      if (!look_into(std::exchange(next_, UniqueFd()), pids)) return Progress::kUntold;
    }
    return Progress::kMore;
  }

 private:
  struct Close {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  using Level = std::unique_ptr<DIR, Close>;

  // False: the kernel does not say which processes are in it.
  bool look_into(UniqueFd group, std::vector<Pid>& pids) {
    const bool is_top = std::exchange(is_top_, false);
    const auto inside = processes_in(group);
    // A threaded group of the unified hierarchy has no list of processes: they are in that of its domain, above it.
    if (!inside) return !is_top && inside.error().sys_errno() == EOPNOTSUPP;
    pids.insert(pids.end(), inside->begin(), inside->end());
    return !has_children(group) || descend(std::move(group));
  }

  bool descend(UniqueFd group) {
    if (levels_.size() == kWalkDepthMax) return false;
    Level level(::fdopendir(group.get()));
    if (!level) return false;
    group.release();  // closedir closes it
    levels_.push_back(std::move(level));
    return true;
  }

  // False also if there is no further group.
  bool find_next() {
    while (!levels_.empty()) {
      const dirent* entry = ::readdir(levels_.back().get());
      if (entry == nullptr) levels_.pop_back();
      if (entry == nullptr || !is_child(*entry)) continue;
      next_ = UniqueFd(
          ::openat(::dirfd(levels_.back().get()), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (next_.is_open()) return true;
      if (errno == ENOENT || errno == ENODEV) continue;  // removed meanwhile
      is_untold_ = true;
      return false;
    }
    return false;
  }

  // cgroup file systems give the type of each name.
  static bool is_child(const dirent& entry) {
    const std::string_view name = entry.d_name;
    return entry.d_type == DT_DIR && name != "." && name != "..";
  }

  bool is_top_ = true;
  bool is_untold_ = false;
  UniqueFd next_;
  std::vector<Level> levels_;
};

}  // namespace

MountedCgroups::MountedCgroups(const std::vector<CgroupMount>& mounts) {
  for (const CgroupMount& mount : mounts) {
    auto root = open_directory(mount.mount_point);
    if (root && is_cgroup(*root)) hierarchies_.push_back({mount, std::move(*root)});
  }
}

MountedCgroups MountedCgroups::open() {
  const auto mountinfo = read_file("/proc/self/mountinfo", kMountsShownMax_bytes);
  auto mounts = mountinfo ? find_cgroup_mounts(*mountinfo) : std::vector<CgroupMount>{};
  std::erase_if(mounts, [](const CgroupMount& mount) { return is_hierarchy(mount, "net_cls"); });
  return MountedCgroups(mounts);
}

std::unique_ptr<CgroupWalk> MountedCgroups::walk(const CgroupEntry& entry) {
  for (const Hierarchy& hierarchy : hierarchies_) {
    if (!is_hierarchy(hierarchy.mount, entry.hierarchy)) continue;
    const auto relative = relative_path(hierarchy.mount.root, entry.path);
    auto group = relative ? open_group(hierarchy.root, *relative) : failure(ErrorCode::kNotFound, entry.path);
    if (group) return std::make_unique<OpenWalk>(std::move(*group));
  }
  return nullptr;
}

bool MountedCgroups::is_gone(const CgroupEntry& entry) {
  return std::any_of(hierarchies_.begin(), hierarchies_.end(), [&](const Hierarchy& hierarchy) {
    if (!is_hierarchy(hierarchy.mount, entry.hierarchy)) return false;
    const auto relative = relative_path(hierarchy.mount.root, entry.path);
    const auto group = relative ? open_group(hierarchy.root, *relative) : failure(ErrorCode::kInvalid, entry.path);
    return !group && group.error().code() == ErrorCode::kNotFound;
  });
}

std::optional<std::vector<Pid>> MountedCgroups::processes_at(const CgroupEntry& entry) {
  const auto around = walk(entry);
  if (!around) return std::nullopt;
  std::vector<Pid> pids;
  std::size_t groups_left = kGroupsAtOnceMax + 1;
  const bool is_whole = around->go_on(groups_left, pids) == CgroupWalk::Progress::kDone;
  return is_whole ? std::optional(std::move(pids)) : std::nullopt;
}

}  // namespace netclsd
