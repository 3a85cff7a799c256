#include "agent/placing/intake.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"

namespace netclsd {

void Intake::drain() {
  has_written_ = false;
  for (std::size_t i = 0; i < EventSource::kBatchesPerDrainMax; ++i) {
    const EventBatch batch = events_.take();
    if (batch.dropped > 0) note_dropped(batch.dropped);
    for (const ProcessEvent& event : batch.events) take_in(event);
    if (!batch.has_more) return;
  }
}

void Intake::take_in(const ProcessEvent& event) {
  const auto to_examine = tracker_.on(event);
  if (const auto* execed = std::get_if<Execed>(&event)) note_run(execed->pid);
  if (!to_examine) return;
  const bool may_be_half_born = lets_children_run_first_ && to_examine->cause == JoinCause::kFork;
  return may_be_half_born ? put_off(*to_examine) : enqueue(*to_examine);
}

// What its fork asked for is not left out: only that knows its parent.
void Intake::note_run(Pid pid) {
  const auto waiting = unrun_.find(pid);
  if (waiting == unrun_.end()) return;
  Examine examine = waiting->second;
  examine.cause = JoinCause::kExec;
  unrun_.erase(waiting);
  enqueue(examine);
}

// What waited before is outdated: of the number's last owner, or of an event that a sweep has overtaken.
void Intake::put_off(const Examine& examine) {
  if (put_off_.size() >= kQueueMax) return distrust_events(SweepCause::kQueueFull);
  unrun_.insert_or_assign(examine.pid, examine);
  put_off_.push_back({examine, clock_.monotonic() + kForkWait});
  counters_.examinations_put_off.add();
}

std::optional<MonotonicTime> Intake::next_put_off() const {
  return put_off_.empty() ? std::nullopt : std::optional(put_off_.front().due);
}

void Intake::take_up_put_off() {
  if (put_off_.empty()) return;
  const MonotonicTime now = clock_.monotonic();
  for (; !put_off_.empty() && put_off_.front().due <= now; put_off_.pop_front()) {
    const Examine& examine = put_off_.front().examine;
    const auto waiting = unrun_.find(examine.pid);
    if (waiting == unrun_.end() || waiting->second != examine) continue;  // it has exec'd, or its number was given away
    unrun_.erase(waiting);
    enqueue(examine);
  }
  if (put_off_.empty()) give_back_room(unrun_);
}

void Intake::drain_between_writes() {
  if (has_written_) drain();
  has_written_ = true;
}

Examine Intake::next() {
  CHECK(!queue_.empty());
  const Examine next = queue_.front();
  queue_.pop_front();
  return next;
}

void Intake::enqueue(const Examine& examine) {
  if (queue_.size() >= kQueueMax) return distrust_events(SweepCause::kQueueFull);
  queue_.push_back(examine);
}

MonotonicTime Intake::examined_until(MonotonicTime moment) const {
  constexpr MonotonicTime kBackwardsMax = std::chrono::milliseconds{100};  // event times run backwards by 15 ms at most
  if (!queue_.empty()) moment = std::min(moment, queue_.front().event_at - kBackwardsMax);
  if (!put_off_.empty()) moment = std::min(moment, put_off_.front().examine.event_at - kBackwardsMax);
  return moment;
}

void Intake::note_dropped(std::uint64_t events) {
  counters_.events_dropped.add(events);
  tracker_.distrust_descent();
  if (!debt_.note_drop(clock_.monotonic())) return;
  counters_.overruns.add();
  reporter_.overrun(events);
}

void Intake::distrust_events(SweepCause cause) {
  tracker_.distrust_descent();
  debt_.note_loss(cause, clock_.monotonic());
}

}  // namespace netclsd
