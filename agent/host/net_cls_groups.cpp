#include "agent/host/net_cls_groups.h"

#include <cerrno>
#include <string_view>
#include <vector>

#include "common/base/file.h"
#include "common/net_cls/group.h"
#include "common/net_cls/kernel_flaws.h"
#include "common/net_cls/own_mount.h"

namespace netclsd {
namespace {

constexpr std::size_t kChildrenMax = 200'000;
constexpr std::size_t kControlFilesMax = 64;  // of one group; 8 today, and those of co-mounted controllers
constexpr std::size_t kMountsMax_bytes = 16U << 20;
constexpr std::string_view kAuto = "auto";

Result<std::optional<NetClsMount>> look_for(const std::string& mount_point) {
  const auto mounts = read_file("/proc/self/mountinfo", kMountsMax_bytes);
  if (!mounts) return pass_on(mounts.error());
  return find_net_cls_mount(*mounts, mount_point);
}

Result<NetClsMount> mount_at(const std::string& directory) {
  if (auto mounted = mount_net_cls(directory); !mounted) return pass_on(mounted.error(), "net_cls.mount");
  auto found = look_for(directory);
  if (!found) return pass_on(found.error());
  if (!*found) return invalid("net_cls was mounted at " + directory + " and is not in /proc/self/mountinfo");
  return **found;
}

}  // namespace

Result<NetClsMount> find_or_mount_net_cls(const std::string& directory) {
  auto found = find_net_cls(directory);
  if (!found) return pass_on(found.error());
  return *found ? Result<NetClsMount>(**found) : mount_at(canonical_path(directory));
}

Result<std::optional<NetClsMount>> find_net_cls(const std::string& wanted) {
  return look_for(wanted == kAuto ? "" : canonical_path(wanted));
}

Result<void> expect_net_cls(const std::string& proc) {
  const auto controllers = read_file(proc + "/cgroups", kMountsMax_bytes);
  if (!controllers) return pass_on(controllers.error());
  const auto parameters = read_file(proc + "/cmdline", kMountsMax_bytes);
  if (!parameters) return pass_on(parameters.error());
  const std::string cause = what_prevents_net_cls(*controllers, *parameters);
  return cause.empty() ? Result<void>() : failure(ErrorCode::kUnavailable, cause);
}

Result<NetClsRoot::Opened> NetClsRoot::open() const {
  if (kept_open_) return Opened(&*kept_open_);
  auto root = open_directory(own_mount_point_);
  if (!root && root.error().sys_errno() != ENOENT) return pass_on(root.error());
  if (root && is_group(*root)) return Opened(*std::move(root));
  return Failure(not_mounted("no container has needed it yet"));
}

Error NetClsRoot::not_mounted(const std::string& because) const {
  return Error(ErrorCode::kNotMounted, "net_cls must be mounted at " + own_mount_point_ + " first: " + because);
}

Result<UniqueFd> NetClsGroups::open(const std::string& directory) const {
  const auto root = root_.open();
  if (!root && root.error().code() == ErrorCode::kNotMounted) {
    return failure(ErrorCode::kNotFound, "no group " + directory + ": " + root.error().message());
  }
  if (!root) return pass_on(root.error());
  return open_group(**root, directory);
}

// The hierarchy of somebody else stays.
Result<void> NetClsGroups::expect_ready(const std::string& parent) {
  if (!root_.is_own()) return {};
  const auto root = root_.open();
  if (!root) return pass_on(root.error());
  const auto group = open_group(**root, parent);
  if (!group && group.error().code() == ErrorCode::kNotFound)
    return Failure(root_.not_mounted(group.error().message()));
  return {};
}

// In the hierarchy's root only a process with CAP_DAC_OVERRIDE can make a group. Whoever mounts our hierarchy makes our
// parent group, and whoever unmounts it removes that first. ENOENT or ENODEV: the path has been removed meanwhile.
Result<void> NetClsGroups::make(const std::string& directory) {
  const auto root = root_.open();
  if (!root) return pass_on(root.error());
  const auto made = make_group(**root, directory);
  if (made) return {};
  const int error = made.error().sys_errno();
  const bool lacks_parent = error == EACCES || error == EPERM || error == ENOENT || error == ENODEV;
  return root_.is_own() && lacks_parent ? Failure(root_.not_mounted(made.error().message())) : pass_on(made.error());
}

Result<AttachOutcome> NetClsGroups::attach(const std::string& directory, Pid pid) {
  auto group = open(directory);
  if (!group) return pass_on(group.error());
  return netclsd::attach(*group, pid);
}

Result<std::uint32_t> NetClsGroups::classid(const std::string& directory) {
  auto group = open(directory);
  if (!group) return pass_on(group.error());
  return read_classid(*group);
}

Result<void> NetClsGroups::set_classid(const std::string& directory, std::uint32_t raw) {
  auto group = open(directory);
  if (!group) return pass_on(group.error());
  return write_classid(*group, raw);
}

Result<std::vector<Pid>> NetClsGroups::processes(const std::string& directory) {
  auto group = open(directory);
  if (!group && group.error().code() == ErrorCode::kNotFound) return std::vector<Pid>{};
  if (!group) return pass_on(group.error());
  return processes_in(*group);
}

Result<RemoveOutcome> NetClsGroups::remove(const std::string& directory) {
  const auto root = root_.open();
  if (!root && root.error().code() == ErrorCode::kNotMounted) return RemoveOutcome::kRemoved;
  return root ? remove_group(**root, directory) : pass_on(root.error());
}

Result<std::vector<std::string>> NetClsGroups::children(const std::string& directory) {
  auto group = open(directory);
  if (!group) return pass_on(group.error());
  return children_of(*group, kChildrenMax);
}

// Breadth first, so that a deep subtree does not use up what all may have.
Result<std::vector<std::string>> NetClsGroups::below(const std::string& directory) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i <= found.size(); ++i) {
    const std::string at = i == 0 ? directory : found[i - 1];
    auto group = open(at);
    if (!group && i > 0 && group.error().code() == ErrorCode::kNotFound) continue;  // removed meanwhile
    if (!group) return pass_on(group.error());
    if (!has_children(*group)) continue;
    const auto children = children_of(*group, kGroupsBelowMax + kControlFilesMax);
    if (!children) return pass_on(children.error());
    for (const std::string& name : *children) {
      if (found.size() == kGroupsBelowMax) return failure(ErrorCode::kTooLarge, "too many groups below " + directory);
      found.push_back(at + "/" + name);
    }
  }
  return found;
}

}  // namespace netclsd
