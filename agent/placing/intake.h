// Where process events come in: drains the event source, feeds the tracker, and keeps what follows from it: the queue
// of processes to examine, and the sweep that is owed. Loop thread only.
//
// The source hands batches out and calls nobody back; draining changes the tracker, the queue and the debt, and runs no
// other part of the engine. So any part may drain at any time, but for one thing: a pointer that Tracker::find() gave
// does not outlive a drain, and a write into a group may drain (draining_net_cls.h).
#pragma once

#include <deque>

#include "agent/host/host.h"
#include "agent/membership/tracker.h"
#include "agent/metrics/counters.h"
#include "agent/placing/sweep_debt.h"

namespace netclsd {

class Intake {
 public:
  static constexpr std::size_t kQueueMax = 262'144;  // above it examining all of /proc is cheaper

  // All outlive the intake.
  Intake(EventSource& events, Clock& clock, Reporter& reporter, Tracker& tracker, Counters& counters)
      : events_(events), clock_(clock), reporter_(reporter), tracker_(tracker), counters_(counters) {}

  // Applies all events that have arrived.
  void drain();
  // Between any two writes the events that have arrived are read: one write may wait for an RCU grace period, and the
  // receive buffer outlasts one such wait many times over, but not a hundred in a row.
  void drain_between_writes();

  [[nodiscard]] bool is_idle() const { return queue_.empty(); }
  // The next process to examine. Not when idle.
  [[nodiscard]] Examine next();
  // A full queue only delays it: a sweep is owed then, and finds the process.
  void enqueue(const Examine& examine);
  // `moment`, or the time of the oldest event whose process is still to be examined. What made a suspect later than
  // that must be remembered: it tells that an examination is outdated, because the number was given away.
  [[nodiscard]] MonotonicTime examined_until(MonotonicTime moment) const;

  // Something happened, or may have happened, that no event reported: no proof of inheritance holds any more, and a
  // sweep is owed at once.
  void distrust_events(SweepCause cause = SweepCause::kSilence);
  [[nodiscard]] SweepDebt& debt() { return debt_; }
  [[nodiscard]] const SweepDebt& debt() const { return debt_; }

 private:
  void note_dropped(std::uint64_t events);

  EventSource& events_;
  Clock& clock_;
  Reporter& reporter_;
  Tracker& tracker_;
  Counters& counters_;
  SweepDebt debt_;
  std::deque<Examine> queue_;
  bool has_written_ = false;  // since the last drain
};

}  // namespace netclsd
