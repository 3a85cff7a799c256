#include "agent/engine/mover.h"

#include <algorithm>
#include <cerrno>

#include "common/base/check.h"

namespace netclsd {
namespace {

MoveCause label(JoinCause cause) {
  switch (cause) {
    case JoinCause::kRegister: return MoveCause::kRegister;
    case JoinCause::kFork: return MoveCause::kFork;
    case JoinCause::kExec: return MoveCause::kExec;
    case JoinCause::kInherited:
    case JoinCause::kSweep: return MoveCause::kSweep;
  }
  return MoveCause::kSweep;
}

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
  const auto cgroups = host_.processes.cgroups(examine.pid);
  // What it forked before it ended may be told later, and must find its parent: the next sweep forgets it.
  if (!cgroups) return MoveOutcome::kGone;
  tracker_.settle(examine.pid);
  const Verdict verdict = tracker_.judge(examine.pid, *cgroups);
  if (const auto* to_attach = std::get_if<Attach>(&verdict)) return attach(examine, *to_attach);
  if (const auto* placed = std::get_if<Placed>(&verdict)) return note_placed(examine, placed->container);
  tracker_.forget(examine.pid);
  return MoveOutcome::kNotNeeded;
}

MoveOutcome Mover::note_placed(const Examine& examine, ContainerNumber container) {
  const TrackedProcess* known = tracker_.find(examine.pid);
  const MonotonicTime now = host_.clock.monotonic();
  TrackedProcess process = known ? *known : TrackedProcess{container, StartTime{}, now, now, examine.cause};
  process.container = container;
  // It was in the group when we looked. Its forks before that are examined like this one was.
  process.placed_since = std::min(process.placed_since, now);
  tracker_.put(examine.pid, process);
  return MoveOutcome::kNotNeeded;
}

MoveOutcome Mover::attach(const Examine& examine, const Attach& attach) {
  if (attach.must_have_start_time && !is_the_forked_process(examine.pid)) {
    tracker_.forget(examine.pid);
    return MoveOutcome::kNotNeeded;
  }
  if (tracker_.find(examine.pid) == nullptr) {
    // It may end before the write: what it forked meanwhile must find its parent.
    tracker_.put(examine.pid, {attach.container, StartTime{}, examine.event_at, kNotPlaced, examine.cause});
  }
  auto outcome = place(examine.pid, attach.container, examine);
  if (outcome) return *outcome;
  host_.reporter.problem("move_failed", containers_.find(attach.container)->registration.id.text(), outcome.error());
  return MoveOutcome::kFailed;
}

Result<MoveOutcome> Mover::place(Pid pid, ContainerNumber number, const Examine& why) {
  const Container* container = containers_.find(number);
  CHECK(container != nullptr);
  const auto outcome = host_.net_cls.attach(container->registration.directory, pid);
  const MonotonicTime done_at = host_.clock.monotonic();
  if (!outcome) {
    count_failure(outcome.error());
    return pass_on(outcome.error());
  }
  if (*outcome == AttachOutcome::kProcessGone) {
    counters_.move_failures[MoveFailure::kGone].add();
    return MoveOutcome::kGone;
  }
  const TrackedProcess* known = tracker_.find(pid);
  const StartTime start_time = known ? known->start_time : StartTime{};
  const MonotonicTime noticed_at = known ? std::max(known->noticed_at, why.event_at) : why.event_at;
  tracker_.put(pid, {number, start_time, noticed_at, done_at, why.cause});
  count_move(why, done_at);
  return MoveOutcome::kMoved;
}

bool Mover::is_the_forked_process(Pid pid) {
  const TrackedProcess* known = tracker_.find(pid);
  const auto start_time = host_.processes.start_time(pid);
  return known && start_time && is_same_start(known->start_time, *start_time);
}

void Mover::count_move(const Examine& why, MonotonicTime done_at) {
  counters_.moves[label(why.cause)].add();
  const bool has_event = why.cause == JoinCause::kFork || why.cause == JoinCause::kExec;
  if (has_event) counters_.move_latency.observe(done_at - why.event_at);
}

void Mover::count_failure(const Error& error) {
  const bool is_denied = error.sys_errno() == EACCES || error.sys_errno() == EPERM;
  counters_.move_failures[is_denied ? MoveFailure::kDenied : MoveFailure::kOther].add();
}

}  // namespace netclsd
