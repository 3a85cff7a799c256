#include "agent/engine/patrol.h"

#include <algorithm>
#include <utility>

namespace netclsd {
namespace {

constexpr int kPauseForEachLook = 50;  // times what it took: two percent of a CPU at most

}  // namespace

std::optional<MonotonicTime> Patrol::next_look() const {
  return is_asked_ ? std::optional(look_again_at_) : std::nullopt;
}

bool Patrol::go_on() {
  const MonotonicTime began_at = host_.clock.monotonic();
  if (ahead_.empty()) {
    if (!is_asked_ || began_at < look_again_at_) return false;
    begin();
  }
  for (std::size_t i = 0; i < kContainersPerRound && !ahead_.empty(); ++i) {
    const Container* container = containers_.find(ahead_.back());
    ahead_.pop_back();
    if (container != nullptr && container->registration.membership) look_into(*container->registration.membership);
  }
  const MonotonicTime now = host_.clock.monotonic();
  took_ += now - began_at;
  if (ahead_.empty()) end(now);
  return !ahead_.empty();
}

void Patrol::begin() {
  is_asked_ = false;
  took_ = MonotonicTime{0};
  ahead_ = containers_.numbers();
  unknown_before_ = std::exchange(unknown_, {});
}

void Patrol::end(MonotonicTime now) {
  look_again_at_ = now + std::max(kPause, took_ * kPauseForEachLook);
  if (!std::includes(unknown_before_.begin(), unknown_before_.end(), unknown_.begin(), unknown_.end())) ask();
}

void Patrol::look_into(const MembershipPath& membership) {
  const auto pids = host_.cgroups.processes_at({membership.hierarchy, membership.path});
  if (!pids) return;  // not visible from here: the audit finds them
  for (const Pid pid : *pids) {
    if (tracker_.find(pid) != nullptr) continue;
    unknown_.insert(pid);
    if (!unknown_before_.contains(pid)) continue;
    const auto outcome = mover_.examine({pid, JoinCause::kSweep, host_.clock.monotonic()});
    if (outcome == MoveOutcome::kMoved) counters_.strays_repaired.add();
  }
}

}  // namespace netclsd
