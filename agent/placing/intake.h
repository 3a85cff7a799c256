// Where process events come in: drains the event source, feeds the tracker, and keeps what follows from it: the queue
// of processes to examine, and the sweep that is owed. Loop thread only.
//
// The source hands batches out and calls nobody back; draining changes the tracker, the queue and the debt, and runs no
// other part of the engine. So any part may drain at any time, but for one thing: a pointer that Tracker::find() gave
// does not outlive a drain, and a write into a group may drain (draining_net_cls.h).
#pragma once

#include <deque>
#include <optional>

#include "agent/host/host.h"
#include "agent/membership/pid_map.h"
#include "agent/membership/tracker.h"
#include "agent/metrics/counters.h"
#include "agent/placing/sweep_debt.h"

namespace netclsd {

class Intake {
 public:
  static constexpr std::size_t kQueueMax = 262'144;  // above it examining all of /proc is cheaper
  // Between a fork's event and the end of the fork are some ten microseconds, unless the kernel is preempted there.
  static constexpr MonotonicTime kForkWait = std::chrono::milliseconds{20};

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
  // For kernels that crash when a process is moved while it is being forked (what_forbids_early_moves() in
  // common/net_cls/kernel_flaws.h): from now on nobody is examined for a fork's event before the child has run. That is
  // known by its exec; else it is examined kForkWait later.
  void let_children_run_first() { lets_children_run_first_ = true; }
  [[nodiscard]] bool lets_children_run_first() const { return lets_children_run_first_; }
  // Examines it kForkWait later, instead of what waits for it.
  void put_off(const Examine& examine);
  [[nodiscard]] bool has_put_off() const { return !put_off_.empty(); }
  // When the next one of them is due.
  [[nodiscard]] std::optional<MonotonicTime> next_put_off() const;
  // Those that are due go into the queue.
  void take_up_put_off();

  // `moment`, or the time of the oldest event whose process is still to be examined. What made a suspect later than
  // that must be remembered: it tells that an examination is outdated, because the number was given away.
  [[nodiscard]] MonotonicTime examined_until(MonotonicTime moment) const;

  // Something happened, or may have happened, that no event reported: no proof of inheritance holds any more, and a
  // sweep is owed at once.
  void distrust_events(SweepCause cause = SweepCause::kSilence);
  [[nodiscard]] SweepDebt& debt() { return debt_; }
  [[nodiscard]] const SweepDebt& debt() const { return debt_; }

 private:
  struct PutOff {
    Examine examine;
    MonotonicTime due;
  };
  void take_in(const ProcessEvent& event);
  void note_run(Pid pid);
  void note_dropped(std::uint64_t events);

  EventSource& events_;
  Clock& clock_;
  Reporter& reporter_;
  Tracker& tracker_;
  Counters& counters_;
  SweepDebt debt_;
  std::deque<Examine> queue_;
  bool lets_children_run_first_ = false;
  std::deque<PutOff> put_off_;  // as they are due
  PidMap<Examine> unrun_;       // those of put_off_ that still count
  bool has_written_ = false;    // since the last drain
};

}  // namespace netclsd
