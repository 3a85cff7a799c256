#include "common/net_cls/own_mount.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/file.h"
#include "common/net_cls/mount.h"

namespace netclsd {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMountsMax_bytes = 16U << 20;  // a node with thousands of containers has thousands of mounts
constexpr milliseconds kGroupsEndMax{50};    // a process that is just ending still counts, and the agent tries after 25
constexpr milliseconds kGroupsFreeMax{350};  // removed groups are freed one level after the other, 30 ms each and more
constexpr milliseconds kLastTryMax{100};     // even if `until` is over: nobody will try again

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string registrations_of(const OwnMount& mount) { return parent_of(mount.directory) + "/containers"; }

bool wait_for_agent(const OwnMount& mount, SteadyTime until) {
  return wait_until(at_most(kGroupsEndMax, until), [&] { return !has_container(registrations_of(mount)); });
}

MountSettings settings_or_default(const OwnMount& mount) {
  return read_mount_settings(mount.directory).value_or(default_mount_settings());
}

enum class Step { kHeld, kAgain, kWait };

// Whoever waits for the lock holds none meanwhile. Otherwise many that only look would keep all others from mounting.
Result<Step> step_to_hold(MountLock& lock, const OwnMount& mount, const MountSettings& settings) {
  const bool was_ready = is_ready(mount, settings);
  const auto has_lock = was_ready ? lock.try_to_share() : lock.try_to_have_alone();
  if (!has_lock) return pass_on(has_lock.error());
  if (!*has_lock) return Step::kWait;
  const bool is_ready_now = is_ready(mount, settings);
  if (was_ready && is_ready_now) return Step::kHeld;
  if (was_ready) {
    lock.release();  // it was unmounted in between
    return Step::kAgain;
  }
  if (is_ready_now) return Step::kAgain;
  if (auto made = make_ready(mount, settings); !made) return pass_on(made.error());
  return Step::kAgain;  // from having it alone to sharing it is a moment without: look again
}

// Makes whoever unmounts give way, by sharing the lock "wanted". That fails while it has this lock for a moment in
// order to look (is_wanted), so it is tried again.
class Waiting {
 public:
  explicit Waiting(const OwnMount& mount) : wanted_(MountLock::open_wanted(mount.directory)) {}
  void announce() { is_announced_ = is_announced_ || !wanted_ || wanted_->try_to_share().value_or(true); }

 private:
  Result<MountLock> wanted_;
  bool is_announced_ = false;
};

// Another process waits to have it mounted.
bool is_wanted(const OwnMount& mount) {
  auto wanted = MountLock::open_wanted(mount.directory);
  return wanted && !wanted->try_to_have_alone().value_or(true);
}

// Whether the removed groups are freed by then. Ends early if another process waits to have it mounted.
bool wait_for_freed_groups(const OwnMount& mount, SteadyTime until) {
  bool is_free = false;
  wait_until(at_most(kGroupsFreeMax, until), [&] {
    is_free = has_root_alone(mount);
    return is_free || is_wanted(mount);
  });
  return is_free;
}

Result<Unmounted> unmount_alone(const OwnMount& mount, const MountSettings& settings, SteadyTime until) {
  if (!is_mounted(mount)) return Unmounted::kNotMounted;
  if (has_users(mount) || !is_mounted_here_alone(mount)) return Unmounted::kInUse;
  Result<bool> removed = false;
  wait_until(at_most(kGroupsEndMax, until), [&] {
    removed = remove_parents(mount, settings);
    return !removed || *removed || is_wanted(mount);
  });
  if (!removed || !*removed) {
    make_parent_again(mount, settings);
    return removed ? Result<Unmounted>(Unmounted::kInUse) : pass_on(removed.error());
  }
  const bool is_free = wait_for_freed_groups(mount, until);
  auto unmounted = is_free ? unmount_for_good(mount, until) : Unmounted::kBusy;
  if (!unmounted || *unmounted == Unmounted::kBusy) make_parent_again(mount, settings);
  return unmounted;
}

}  // namespace

bool has_users(const OwnMount& mount) {
  return has_live_container(registrations_of(mount), mount.proc) || has_live_container(mount.spool, mount.proc);
}

MountHold hold_if_mounted(const OwnMount& mount, SteadyTime until) {
  if (!is_mounted(mount)) return std::nullopt;
  auto lock = MountLock::open(mount.directory);
  if (!lock) return std::nullopt;
  Waiting waiting(mount);
  const bool has_lock = wait_until(until, [&] {
    waiting.announce();
    return lock->try_to_share().value_or(false);
  });
  if (!has_lock || !is_mounted(mount)) return std::nullopt;
  return std::move(*lock);
}

Result<MountHold> hold_mounted(const OwnMount& mount, SteadyTime until) {
  // The directory of the lock and the settings. It holds what only root may read.
  if (auto made = make_directories(parent_of(mount.directory), 0700); !made) return pass_on(made.error());
  const MountSettings settings = settings_or_default(mount);
  auto lock = MountLock::open(mount.directory);
  if (!lock) return pass_on(lock.error());
  Waiting waiting(mount);
  Result<Step> step = Step::kWait;
  wait_until(until, [&] {
    waiting.announce();
    do step = step_to_hold(*lock, mount, settings);
    while (step && *step == Step::kAgain && steady_clock::now() < until);
    return !step || *step == Step::kHeld;
  });
  if (!step) return pass_on(step.error());
  if (*step == Step::kHeld) return MountHold(std::move(*lock));
  return failure(ErrorCode::kUnavailable, "others were mounting or unmounting " + mount.directory + " all the time");
}

Result<MountHold> hold_some_mounted(const OwnMount& mount, SteadyTime until) {
  const auto found = find_net_cls_mount(read_file(mount.proc + "/self/mountinfo", kMountsMax_bytes).value_or(""));
  if (found && found->mount_point != canonical_path(mount.directory)) return MountHold();
  return hold_mounted(mount, until);
}

Result<Unmounted> unmount_if_unused(const OwnMount& mount, MountAgent agent, SteadyTime until) {
  if (!is_mounted(mount)) return Unmounted::kNotMounted;
  const auto settings = read_mount_settings(mount.directory);
  if (!settings) return pass_on(settings.error());
  if (settings->keeps_mounted || has_users(mount)) return Unmounted::kInUse;
  if (agent == MountAgent::kAnswers && !wait_for_agent(mount, until)) return Unmounted::kInUse;
  auto lock = MountLock::open(mount.directory);
  if (!lock) return pass_on(lock.error());
  const auto has_lock = lock->try_to_have_alone();
  if (!has_lock) return pass_on(has_lock.error());
  return *has_lock ? unmount_alone(mount, *settings, until) : Unmounted::kBusy;
}

Result<Unmounted> unmount(const OwnMount& mount, SteadyTime until) {
  if (!is_mounted(mount)) return Unmounted::kNotMounted;
  auto lock = MountLock::open(mount.directory);
  if (!lock) return pass_on(lock.error());
  if (!wait_until(until, [&] { return lock->try_to_have_alone().value_or(false); })) return Unmounted::kBusy;
  // If groups are left by then, the hierarchy lives on without a mount. Whether it is mounted here alone is not asked:
  // a pod may see the host's /run at two places.
  wait_until(until, [&] { return has_root_alone(mount); });
  return unmount_for_good(mount, std::max(until, steady_clock::now() + kLastTryMax));
}

Mounting mounting_at(OwnMount mount) {
  return {.hold_if_mounted = [mount](SteadyTime until) { return hold_if_mounted(mount, until); },
          .hold_mounted = [mount](SteadyTime until) { return hold_mounted(mount, until); },
          .hold_some_mounted = [mount](SteadyTime until) { return hold_some_mounted(mount, until); },
          .unmount_if_unused = [mount](MountAgent agent,
                                       SteadyTime until) { return unmount_if_unused(mount, agent, until); }};
}

}  // namespace netclsd
