#include "agent/placing/patrol.h"

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
  std::size_t groups_left = kGroupsPerRound;
  for (std::size_t i = 0; i < kTargetsPerRound && groups_left > 0 && !ahead_.empty(); ++i) {
    if (!is_through_with(ahead_.back(), groups_left)) continue;
    ahead_.pop_back();
    walk_.reset();
    groups_walked_ = 0;
  }
  const MonotonicTime now = host_.clock.monotonic();
  took_ += now - began_at;
  if (ahead_.empty()) end(now);
  return !ahead_.empty();
}

void Patrol::begin() {
  is_asked_ = false;
  took_ = MonotonicTime{0};
  ahead_ = targets_.numbers();
  unknown_before_ = std::exchange(unknown_, {});
}

void Patrol::end(MonotonicTime now) {
  look_again_at_ = now + std::max(kPause, took_ * kPauseForEachLook);
  if (!std::includes(unknown_before_.begin(), unknown_before_.end(), unknown_.begin(), unknown_.end())) ask();
}

// Not if it is known as another target's, unless that one is inside of this one.
bool Patrol::is_known(Pid pid, TargetNumber number) const {
  const TrackedProcess* known = tracker_.find(pid);
  return known != nullptr && targets_.nearest(number, known->target) == known->target;
}

bool Patrol::is_through_with(TargetNumber number, std::size_t& groups_left) {
  const Target* target = targets_.find(number);
  if (target == nullptr || !target->membership) return true;
  const MembershipPath& membership = *target->membership;
  if (!walk_) walk_ = host_.cgroups.walk({membership.hierarchy, membership.path});
  return !walk_ || is_through_with(number, *walk_, groups_left);  // not visible from here: the audit finds them
}

bool Patrol::is_through_with(TargetNumber number, CgroupWalk& walk, std::size_t& groups_left) {
  const std::size_t left_before = groups_left;
  std::vector<Pid> pids;
  const auto progress = walk.go_on(groups_left, pids);
  groups_walked_ += left_before - groups_left;
  for (const Pid pid : pids) look_at(pid, number);
  return progress != CgroupWalk::Progress::kMore || groups_walked_ >= kGroupsMax;
}

void Patrol::look_at(Pid pid, TargetNumber number) {
  if (is_known(pid, number)) return;
  unknown_.insert(pid);
  if (!unknown_before_.contains(pid)) return;
  const auto outcome = mover_.examine({pid, JoinCause::kSweep, host_.clock.monotonic()});
  if (outcome == MoveOutcome::kMoved) counters_.strays_repaired.add();
}

}  // namespace netclsd
