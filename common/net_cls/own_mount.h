// The net_cls mount that is ours. It is made when the first container needs a class, and removed when no container has
// one any more: on a cgroup v2 host it changes the first line of every /proc/PID/cgroup (docs/adr/0028). The hook,
// netclsctl and netclsd (before it gives up its privileges) do that with this code, maybe at the same time: they agree
// by locks. A mount that somebody else has made is never unmounted. Any thread; the calls may wait.
#pragma once

#include <functional>
#include <optional>

#include "common/base/error.h"
#include "common/net_cls/mount_files.h"
#include "common/net_cls/own_hierarchy.h"

namespace netclsd {

// While one exists it is not unmounted. Hold it until a registration is answered. std::nullopt: nothing is mounted that
// could be unmounted.
using MountHold = std::optional<MountLock>;

// Mounts nothing. Gives up at `until`, with std::nullopt: the registration then goes on without a hold.
[[nodiscard]] MountHold hold_if_mounted(const OwnMount& mount, SteadyTime until);

// Mounts unless it is mounted, and makes the agent's parent group. kUnavailable: others had the lock until `until`.
[[nodiscard]] Result<MountHold> hold_mounted(const OwnMount& mount, SteadyTime until);

// The same, unless somebody else has net_cls mounted already: that is good enough, and std::nullopt.
[[nodiscard]] Result<MountHold> hold_some_mounted(const OwnMount& mount, SteadyTime until);

// True if a registration, or an entry of the spool, is of a container that lives.
[[nodiscard]] bool has_users(const OwnMount& mount);

// kAnswers: the agent runs. It still has the registration of a container that has just ended, and removes it soon, so
// that is waited for. kIsAway: registrations of ended containers do not count.
enum class MountAgent { kAnswers, kIsAway };
// Removes what no container needs: our empty groups and the mount. Waits for agent and kernel, at most until `until`.
[[nodiscard]] Result<Unmounted> unmount_if_unused(const OwnMount& mount, MountAgent agent, SteadyTime until);

// Also if containers use it: for the end of netclsd on this node. Our groups must be gone. kBusy also if others had the
// lock until `until`.
[[nodiscard]] Result<Unmounted> unmount(const OwnMount& mount, SteadyTime until);

// The functions above at one mount, as a value: the hook and netclsctl take it, and a test gives them another one.
struct Mounting {
  std::function<MountHold(SteadyTime until)> hold_if_mounted;
  std::function<Result<MountHold>(SteadyTime until)> hold_mounted;
  std::function<Result<MountHold>(SteadyTime until)> hold_some_mounted;
  std::function<Result<Unmounted>(MountAgent agent, SteadyTime until)> unmount_if_unused;
};

[[nodiscard]] Mounting mounting_at(OwnMount mount);

}  // namespace netclsd
