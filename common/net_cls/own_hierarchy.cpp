#include "common/net_cls/own_hierarchy.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/fault_point.h"
#include "common/base/file.h"
#include "common/model/cgroup_paths.h"
#include "common/net_cls/group.h"
#include "common/net_cls/kernel_flaws.h"
#include "common/net_cls/mount.h"

namespace netclsd {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kProcFileMax_bytes = 16U << 20;  // a node with thousands of containers has thousands of mounts
constexpr std::size_t kNamesInRootMax = 100'000;
constexpr milliseconds kOpenMax{20};     // the agent opens a group for the time of one read or write
constexpr milliseconds kVanishMax{100};  // the kernel ends the hierarchy after a grace period
constexpr int kRoundsMax = 5;

std::string read_or_empty(const std::string& path) { return read_file(path, kProcFileMax_bytes).value_or(""); }

// std::nullopt: nothing is mounted there.
std::optional<UniqueFd> open_root(const OwnMount& mount) {
  auto root = open_directory(mount.directory);
  if (!root || !is_group(*root)) return std::nullopt;
  return std::move(*root);
}

int call_mount(const std::string& directory, const char* controllers) {
  if (const auto fault = fault_at(FaultPoint::kHierarchyMount)) return *fault;
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  return ::mount("net_cls", directory.c_str(), "cgroup", kFlags, controllers) == 0 ? 0 : errno;
}

// The cause is read from /proc/self/cgroup: mountinfo does not show a hierarchy that is mounted in another mount
// namespace, or that is unmounted and still has groups.
Failure explain_busy(int error, const std::string& directory) {
  const auto own = read_file("/proc/self/cgroup", kProcFileMax_bytes);
  for (const CgroupEntry& entry : CgroupPaths::parse(own.value_or("")).entries) {
    const auto others = other_controllers(entry.hierarchy);
    if (!has_controller(entry.hierarchy, "net_cls") || others.empty()) continue;
    return failure(ErrorCode::kConflict, "net_cls cannot be mounted by itself at " + directory +
                                             ": it is in one hierarchy with " + in_words(others) +
                                             ", which is mounted elsewhere or still has groups");
  }
  return system_failure(error, "mount net_cls at", directory);
}

// Empty: there is nothing to add to the errno.
std::string explain_failed_mount(int error) {
  if (error == EPERM) {
    return "it takes root with CAP_SYS_ADMIN on the host: let netclsd --prepare do it beforehand, with "
           "net_cls.keep_mounted";
  }
  if (error != EINVAL) return {};  // what the kernel says if it does not know the controller, or must not mount it
  return what_prevents_net_cls(read_or_empty("/proc/cgroups"), read_or_empty("/proc/cmdline"));
}

bool has_groups_of_others(const UniqueFd& root, const std::array<std::string, 2>& ours) {
  const auto names = children_of(root, kNamesInRootMax);
  return !names || std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    return std::find(ours.begin(), ours.end(), name) == ours.end();
  });
}

bool has_hierarchy(const OwnMount& mount) {
  return CgroupPaths::parse(read_or_empty(mount.proc + "/self/cgroup")).net_cls() != nullptr;
}

// 0, or the errno. While it is EBUSY it tries again.
int call_unmount(const std::string& directory, SteadyTime until) {
  int error = 0;
  wait_until(at_most(kOpenMax, until), [&] {
    const auto fault = fault_at(FaultPoint::kHierarchyUnmount);
    error = fault ? *fault : ::umount2(directory.c_str(), UMOUNT_NOFOLLOW) == 0 ? 0 : errno;
    return error != EBUSY;
  });
  return error;
}

}  // namespace

SteadyTime at_most(milliseconds time, SteadyTime until) { return std::min(steady_clock::now() + time, until); }

Result<void> mount_net_cls(const std::string& directory) {
  if (canonical_path(directory).starts_with("/sys/fs/cgroup")) {
    return invalid(directory + " is not a net_cls mount, and none is made under /sys/fs/cgroup");
  }
  if (auto made = make_directories(directory, 0755); !made) return made;
  int error = call_mount(directory, "net_cls");
  // It may be mounted elsewhere together with net_prio: then the two cannot be mounted apart.
  if (error == EBUSY) error = call_mount(directory, "net_cls,net_prio");
  if (error == 0) return {};
  if (error == EBUSY) return explain_busy(error, directory);
  auto failed = system_failure(error, "mount net_cls at", directory);
  const std::string cause = explain_failed_mount(error);
  if (cause.empty()) return failed;
  return Failure(Error(ErrorCode::kSystem, failed.value().message() + " (" + cause + ")", error));
}

bool is_mounted(const OwnMount& mount) { return open_root(mount).has_value(); }

bool is_ready(const OwnMount& mount, const MountSettings& settings) {
  const auto root = open_root(mount);
  return root && open_group(*root, settings.parent).has_value();
}

Result<void> make_ready(const OwnMount& mount, const MountSettings& settings) {
  if (!is_mounted(mount)) {
    if (auto mounted = mount_net_cls(mount.directory); !mounted) return mounted;
  }
  const auto root = open_directory(mount.directory);
  if (!root) return pass_on(root.error());
  if (auto made = make_group(*root, settings.parent); !made) return pass_on(made.error());
  return {};
}

bool is_mounted_here_alone(const OwnMount& mount) {
  auto mounts = find_cgroup_mounts(read_or_empty(mount.proc + "/self/mountinfo"));
  std::erase_if(mounts, [](const CgroupMount& each) { return !is_hierarchy(each, "net_cls"); });
  return mounts.size() == 1 && mounts.front().mount_point == canonical_path(mount.directory);
}

Result<bool> remove_parents(const OwnMount& mount, const MountSettings& settings) {
  const auto root = open_root(mount);
  const std::array<std::string, 2> ours = {settings.parent, kDefaultParentGroup};
  if (!root || has_groups_of_others(*root, ours)) return false;
  for (const std::string& parent : ours) {
    const auto removed = remove_group(*root, parent);
    if (!removed) return pass_on(removed.error());
    if (*removed == RemoveOutcome::kNotEmpty) return false;
  }
  return true;
}

void make_parent_again(const OwnMount& mount, const MountSettings& settings) {
  if (const auto root = open_root(mount)) static_cast<void>(make_group(*root, settings.parent));
}

bool has_root_alone(const OwnMount& mount) {
  const auto controller = find_net_cls_controller(read_or_empty(mount.proc + "/cgroups"));
  return !controller || controller->groups <= 1;
}

// The hierarchy that is left over after an unmount would stay for ever, and nobody would try again. So it is mounted
// and unmounted once more.
Result<Unmounted> unmount_for_good(const OwnMount& mount, SteadyTime until) {
  for (int round = 0; round < kRoundsMax; ++round) {
    const int error = call_unmount(mount.directory, until);
    if (error == EBUSY) return Unmounted::kBusy;
    if (error != 0) return system_failure(error, "unmount", mount.directory);
    if (wait_until(at_most(kVanishMax, until), [&] { return !has_hierarchy(mount); })) return Unmounted::kDone;
    if (steady_clock::now() >= until || !mount_net_cls(mount.directory)) return Unmounted::kLingers;
  }
  return Unmounted::kLingers;
}

}  // namespace netclsd
