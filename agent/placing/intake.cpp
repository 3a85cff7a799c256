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
    for (const ProcessEvent& event : batch.events) {
      if (const auto to_examine = tracker_.on(event)) enqueue(*to_examine);
    }
    if (!batch.has_more) return;
  }
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
  return queue_.empty() ? moment : std::min(moment, queue_.front().event_at - kBackwardsMax);
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
