#include "agent/placing/mover.h"

#include <algorithm>
#include <cerrno>

#include "agent/membership/sweep_plan.h"
#include "common/base/error.h"

namespace netclsd {
namespace {

MoveCause label(JoinCause cause) {
  switch (cause) {
    case JoinCause::kRegister:
      return MoveCause::kRegister;
    case JoinCause::kFork:
      return MoveCause::kFork;
    case JoinCause::kExec:
      return MoveCause::kExec;
    case JoinCause::kInherited:
    case JoinCause::kSweep:
      return MoveCause::kSweep;
  }
  return MoveCause::kSweep;
}

bool has_event(JoinCause cause) { return cause == JoinCause::kFork || cause == JoinCause::kExec; }

// A fork that takes longer would be one that hangs.
constexpr MonotonicTime kForkTakesMax = std::chrono::seconds{1};

bool is_gone(const Error& error) { return error.code() == ErrorCode::kNotFound || error.sys_errno() == ENODEV; }

}  // namespace

MoveOutcome Mover::examine(const Examine& examine) {
  if (tracker_.is_outdated(examine)) return MoveOutcome::kNotNeeded;
  // Also if it has ended: what it forked before may be told later, and must find its parent. The next sweep forgets it.
  tracker_.inherit(examine);
  const auto cgroups = host_.processes.cgroups(examine.pid);
  if (!cgroups) return note_gone(examine);
  const Verdict verdict = tracker_.judge(examine.pid, *cgroups);
  if (std::holds_alternative<Attach>(verdict)) return look_again_and_attach(examine);
  tracker_.settle(examine.pid);
  if (const auto* placed = std::get_if<Placed>(&verdict)) return note_placed(examine, placed->target);
  if (std::holds_alternative<NotMember>(verdict)) tracker_.forget(examine.pid);
  return MoveOutcome::kNotNeeded;
}

// A zombie's file shows what was, and so does that of a leader thread that has exited: before a write the whole of it
// is read, which costs five times as much. Its path may be the outer container's and its descent one's inside of that;
// whose child it is, if the number was given away lately, only the events tell.
MoveOutcome Mover::look_again_and_attach(const Examine& examine) {
  const auto facts = host_.processes.facts(examine.pid);
  if (!facts) return note_gone(examine);
  intake_.drain();
  if (tracker_.is_outdated(examine)) return MoveOutcome::kNotNeeded;
  tracker_.settle(examine.pid);
  inherit_late(examine, *facts);
  const Verdict verdict = tracker_.judge(examine.pid, facts->cgroups);
  if (const auto* placed = std::get_if<Placed>(&verdict)) return note_placed(examine, placed->target);
  const auto* to_attach = std::get_if<Attach>(&verdict);
  if (to_attach != nullptr && must_not_be_moved_yet(*facts)) {
    intake_.put_off(examine);
    return MoveOutcome::kPutOff;
  }
  return to_attach ? attach(examine, *to_attach, *facts) : MoveOutcome::kNotNeeded;
}

// Where it is at home in the roots (a container without a cgroup of its own), only its age tells.
bool Mover::must_not_be_moved_yet(const ProcessFacts& process) {
  return intake_.lets_children_run_first() && may_be_half_born(process.cgroups) &&
         !tracker_.is_born_before(process.start_time, host_.clock.monotonic() - kForkTakesMax);
}

// A parent that /proc names may have become one only when the real parent ended.
void Mover::inherit_late(const Examine& examine, const ProcessFacts& facts) {
  if (const auto number = targets_.find_by_init(facts.parent)) {
    const Target& target = targets_.at(*number);
    const auto cgroups = target.membership ? std::nullopt : host_.processes.cgroups(facts.parent);
    const Init init{*number, target.init, target.is_reaper};
    if (!may_be_born_to(init, cgroups ? &*cgroups : nullptr, facts.cgroups, targets_)) return;
  }
  tracker_.inherit({examine.pid, examine.cause, examine.event_at, facts.parent});
}

// A member that exec'd and ended is nearly always what it was: a probe, a command of a script.
MoveOutcome Mover::note_gone(const Examine& examine) {
  const bool is_members_exec = examine.cause == JoinCause::kExec && tracker_.find(examine.pid) != nullptr;
  may_have_overlooked_ |= has_event(examine.cause) && !is_members_exec;
  return MoveOutcome::kGone;
}

MoveOutcome Mover::note_placed(const Examine& examine, TargetNumber number) {
  const TrackedProcess* known = tracker_.find(examine.pid);
  const MonotonicTime now = host_.clock.monotonic();
  const StartTime start_time =
      known ? known->start_time : host_.processes.start_time(examine.pid).value_or(StartTime{});
  TrackedProcess process = known ? *known : TrackedProcess{number, start_time, now, now, examine.cause};
  process.target = number;
  // It was in the group when we looked. Its forks before that are examined like this one was.
  process.placed_since = std::min(process.placed_since, now);
  tracker_.put(examine.pid, process);
  return MoveOutcome::kNotNeeded;
}

MoveOutcome Mover::attach(const Examine& examine, const Attach& attach, const ProcessFacts& facts) {
  const TrackedProcess* known = tracker_.find(examine.pid);
  const bool is_same = known && is_same_start(known->start_time, facts.start_time);
  if (attach.must_have_start_time && !is_same) {
    tracker_.forget(examine.pid);
    return MoveOutcome::kNotNeeded;
  }
  // It may end before the write: what it forked meanwhile must find its parent.
  const MonotonicTime noticed_at = known ? std::max(known->noticed_at, examine.event_at) : examine.event_at;
  tracker_.put(examine.pid, {attach.target, facts.start_time, noticed_at, kNotPlaced, examine.cause});
  auto outcome = place(examine.pid, attach.target, examine);
  if (outcome) return *outcome;
  host_.reporter.problem("move_failed", targets_.at(attach.target).owner, outcome.error());
  return MoveOutcome::kFailed;
}

Result<MoveOutcome> Mover::place(Pid pid, TargetNumber number, const Examine& why) {
  CHECK(tracker_.find(pid) != nullptr);
  const auto outcome = host_.net_cls.attach(targets_.at(number).directory, pid);
  const MonotonicTime done_at = host_.clock.monotonic();
  if (!outcome) {
    count_failure(outcome.error());
    if (is_gone(outcome.error())) intake_.debt().note_lost_group();
    return pass_on(outcome.error());
  }
  if (*outcome == AttachOutcome::kProcessGone) {
    counters_.move_failures[MoveFailure::kGone].add();
    return MoveOutcome::kGone;
  }
  count_move(why, done_at);
  // Not known any more: an event that was read before the write told that its number was given away.
  const TrackedProcess* known = tracker_.find(pid);
  if (known == nullptr || !is_still(pid, known->start_time)) return put_back(pid);
  TrackedProcess process = *known;
  process.placed_since = done_at;
  tracker_.put(pid, process);
  return MoveOutcome::kMoved;
}

// The number may have changed hands between the look and the write, some ten microseconds.
bool Mover::is_still(Pid pid, StartTime start_time) {
  const auto now = host_.processes.start_time(pid);
  return !now || *now == start_time;
}

MoveOutcome Mover::put_back(Pid pid) {
  tracker_.forget(pid);
  counters_.move_failures[MoveFailure::kGone].add();
  const auto facts = host_.processes.facts(pid);
  if (!facts) return MoveOutcome::kGone;
  intake_.drain();
  const Verdict verdict = tracker_.judge(pid, facts->cgroups);
  if (!std::holds_alternative<NotMember>(verdict)) return MoveOutcome::kGone;  // of the same target after all
  return expel(*facts) ? MoveOutcome::kGone : MoveOutcome::kFailed;
}

bool Mover::expel(const ProcessFacts& stranger) {
  const std::string refuge = refuge_of(stranger);
  auto outcome = host_.net_cls.attach(refuge, stranger.pid);
  if (!outcome && !refuge.empty()) outcome = host_.net_cls.attach("", stranger.pid);
  if (outcome) return true;
  count_failure(outcome.error());
  host_.reporter.problem("put_back_failed", to_string(stranger.pid), outcome.error());
  return false;
}

// Where it was before nothing tells any more. A fork inherits its parent's group, so nearly always it was there.
std::string Mover::refuge_of(const ProcessFacts& stranger) {
  const auto parent = host_.processes.cgroups(stranger.parent);
  const std::string* path = parent ? parent->net_cls() : nullptr;
  if (path == nullptr || targets_.by_group(*path)) return "";
  return relative_path(mount_root_, *path).value_or("");
}

void Mover::count_move(const Examine& why, MonotonicTime done_at) {
  counters_.moves[label(why.cause)].add();
  if (!has_event(why.cause)) return;
  counters_.move_latency.observe(done_at - why.event_at);
  may_have_overlooked_ = true;
}

void Mover::count_failure(const Error& error) {
  const bool is_denied = error.sys_errno() == EACCES || error.sys_errno() == EPERM;
  counters_.move_failures[is_denied ? MoveFailure::kDenied : MoveFailure::kOther].add();
}

}  // namespace netclsd
