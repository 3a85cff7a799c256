#include "agent/engine/mover.h"

#include <algorithm>
#include <cerrno>

#include "common/base/check.h"

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

bool is_gone(const Error& error) { return error.code() == ErrorCode::kNotFound || error.sys_errno() == ENODEV; }

}  // namespace

bool Mover::enqueue(const Examine& examine) {
  if (queue_.size() >= kQueueMax) return false;
  queue_.push_back(examine);
  return true;
}

MoveOutcome Mover::examine_next() {
  CHECK(!queue_.empty());
  const Examine next = queue_.front();
  queue_.pop_front();
  return examine(next);
}

MoveOutcome Mover::examine(const Examine& examine) {
  if (tracker_.is_outdated(examine)) return MoveOutcome::kNotNeeded;
  // Also if it has ended: what it forked before may be told later, and must find its parent. The next sweep forgets it.
  tracker_.inherit(examine);
  const auto cgroups = host_.processes.cgroups(examine.pid);
  if (!cgroups) return note_gone(examine);
  const Verdict verdict = tracker_.judge(examine.pid, *cgroups);
  if (std::holds_alternative<Attach>(verdict)) return look_again_and_attach(examine);
  tracker_.settle(examine.pid);
  if (const auto* placed = std::get_if<Placed>(&verdict)) return note_placed(examine, placed->container);
  if (std::holds_alternative<NotMember>(verdict)) tracker_.forget(examine.pid);
  return MoveOutcome::kNotNeeded;
}

// A zombie's file shows what was, and so does that of a leader thread that has exited: before a write the whole of it
// is read, which costs five times as much. Its path may be the outer container's and its descent one's inside of that;
// whose child it is, if the number was given away lately, only the events tell.
MoveOutcome Mover::look_again_and_attach(const Examine& examine) {
  const auto facts = host_.processes.facts(examine.pid);
  if (!facts) return note_gone(examine);
  host_.events.drain(sink_);
  if (tracker_.is_outdated(examine)) return MoveOutcome::kNotNeeded;
  tracker_.settle(examine.pid);
  tracker_.inherit({examine.pid, examine.cause, examine.event_at, facts->parent});
  const Verdict verdict = tracker_.judge(examine.pid, facts->cgroups);
  if (const auto* placed = std::get_if<Placed>(&verdict)) return note_placed(examine, placed->container);
  const auto* to_attach = std::get_if<Attach>(&verdict);
  return to_attach ? attach(examine, *to_attach, *facts) : MoveOutcome::kNotNeeded;
}

MoveOutcome Mover::note_gone(const Examine& examine) {
  may_have_overlooked_ |= has_event(examine.cause);
  return MoveOutcome::kGone;
}

MoveOutcome Mover::note_placed(const Examine& examine, ContainerNumber container) {
  const TrackedProcess* known = tracker_.find(examine.pid);
  const MonotonicTime now = host_.clock.monotonic();
  const StartTime start_time =
      known ? known->start_time : host_.processes.start_time(examine.pid).value_or(StartTime{});
  TrackedProcess process = known ? *known : TrackedProcess{container, start_time, now, now, examine.cause};
  process.container = container;
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
  tracker_.put(examine.pid, {attach.container, facts.start_time, noticed_at, kNotPlaced, examine.cause});
  auto outcome = place(examine.pid, attach.container, examine);
  if (outcome) return *outcome;
  host_.reporter.problem("move_failed", containers_.find(attach.container)->registration.id.text(), outcome.error());
  return MoveOutcome::kFailed;
}

Result<MoveOutcome> Mover::place(Pid pid, ContainerNumber number, const Examine& why) {
  const Container* container = containers_.find(number);
  CHECK(container != nullptr && tracker_.find(pid) != nullptr);
  const auto outcome = host_.net_cls.attach(container->registration.directory, pid);
  const MonotonicTime done_at = host_.clock.monotonic();
  if (!outcome) {
    count_failure(outcome.error());
    has_lost_group_ |= is_gone(outcome.error());
    return pass_on(outcome.error());
  }
  if (*outcome == AttachOutcome::kProcessGone) {
    counters_.move_failures[MoveFailure::kGone].add();
    return MoveOutcome::kGone;
  }
  count_move(why, done_at);
  TrackedProcess process = *tracker_.find(pid);
  if (!is_still(pid, process.start_time)) return put_back(pid);
  if (container->group_path.empty()) learn_group_path(number, pid);
  process.placed_since = done_at;
  tracker_.put(pid, process);
  return MoveOutcome::kMoved;
}

// Only what this agent reads itself can be compared: its cgroup namespace may be its own.
void Mover::learn_group_path(ContainerNumber number, Pid placed) {
  const auto cgroups = host_.processes.cgroups(placed);
  if (cgroups && cgroups->net_cls()) containers_.set_group_path(number, *cgroups->net_cls());
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
  const Verdict verdict = tracker_.judge(pid, facts->cgroups);
  if (!std::holds_alternative<NotMember>(verdict)) return MoveOutcome::kGone;  // of the same container after all
  return expel(pid) ? MoveOutcome::kGone : MoveOutcome::kFailed;
}

bool Mover::expel(Pid pid) {
  const auto outcome = host_.net_cls.attach("", pid);
  if (outcome) return true;
  count_failure(outcome.error());
  host_.reporter.problem("put_back_failed", to_string(pid), outcome.error());
  return false;
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
