// The hierarchy at our own mount point: mounting it, its parent groups, unmounting it. No locks: who may do that when
// is decided in common/net_cls/own_mount.h, which is what others include. Any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "common/base/error.h"
#include "common/net_cls/mount_files.h"

namespace netclsd {

inline constexpr const char* kDefaultOwnMount = "/run/netclsd/net_cls";

// Whether `path` can be OwnMount::directory: absolute, without a slash at its end, and in a directory other than "/",
// where the lock and the spool are.
[[nodiscard]] constexpr bool is_mount_directory(std::string_view path) {
  const std::size_t name = path.rfind('/') + 1;
  return path.starts_with('/') && name > 1 && name < path.size();
}

using SteadyTime = std::chrono::steady_clock::time_point;

struct OwnMount {
  std::string directory = kDefaultOwnMount;  // beside it: the lock, the settings, and the agent's registrations
  std::string spool = "/run/netclsd/spool";
  std::string proc = "/proc";  // another one in tests
};

// Calls `is_so` once at least, and then once a millisecond until it is true or until `until`. Returns its last answer.
template <typename Condition>
bool wait_until(SteadyTime until, Condition is_so) {
  for (;;) {
    if (is_so()) return true;
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}
// `time` from now, but not after `until`.
[[nodiscard]] SteadyTime at_most(std::chrono::milliseconds time, SteadyTime until);

enum class Unmounted {
  kDone,        // and the kernel has no net_cls hierarchy any more
  kLingers,     // unmounted here, but the hierarchy is still mounted elsewhere or has groups
  kNotMounted,  // there was nothing to do
  kInUse,       // by a container, by groups or mounts of others; or it is to be kept
  kBusy,        // it is in use for a moment (a registration, an open directory, a process that is ending): try later
};

// At `directory`, with net_prio if the kernel has bound the two together. Makes the directory. Not under
// /sys/fs/cgroup: that breaks LXD, rootless podman and `systemctl status`. kConflict: net_cls is in one hierarchy with
// other controllers.
[[nodiscard]] Result<void> mount_net_cls(const std::string& directory);

[[nodiscard]] bool is_mounted(const OwnMount& mount);
// Mounted, and with the parent group.
[[nodiscard]] bool is_ready(const OwnMount& mount, const MountSettings& settings);
[[nodiscard]] Result<void> make_ready(const OwnMount& mount, const MountSettings& settings);

// No other mount of net_cls can be seen from here.
[[nodiscard]] bool is_mounted_here_alone(const OwnMount& mount);

// Removes our parent groups (the agent's, and the default one, which a hook makes) and what is in them. False: there
// are processes in them, or groups of others beside them.
[[nodiscard]] Result<bool> remove_parents(const OwnMount& mount, const MountSettings& settings);
// Undoes that, as far as it can: the agent makes no group in the hierarchy's root.
void make_parent_again(const OwnMount& mount, const MountSettings& settings);

// False while a group is left in the kernel. It counts removed ones, too, until it has freed them (/proc/cgroups).
[[nodiscard]] bool has_root_alone(const OwnMount& mount);

// kDone, kLingers or kBusy. Requires has_root_alone(): the kernel ends a hierarchy at its last unmount, and only if its
// root has no children then (cgroup_kill_sb in kernel/cgroup/cgroup.c). Otherwise it would stay for good.
[[nodiscard]] Result<Unmounted> unmount_for_good(const OwnMount& mount, SteadyTime until);

}  // namespace netclsd
