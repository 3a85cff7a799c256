// Whether a sweep is owed, for which cause, and when it is due. Pure; used by the loop thread only.
//
// Only lost events, and a sweep that could not read everything, hold releases and the patrol back: a process may live
// that is not known. A process that leaves its group again and again makes sweeps owed for ever. It must not keep the
// agent busy, so the pause doubles up to the audit interval, and it holds nothing else back.
#pragma once

#include <optional>

#include "agent/membership/event.h"
#include "agent/metrics/counters.h"

namespace netclsd {

class SweepDebt {
 public:
  static constexpr MonotonicTime kCalm = std::chrono::milliseconds{50};
  static constexpr MonotonicTime kWaitMax = std::chrono::seconds{1};
  static constexpr MonotonicTime kPauseMin = std::chrono::milliseconds{200};

  void set_pause_max(MonotonicTime pause_max) { pause_max_ = pause_max; }

  // The kernel dropped events (kOverrun): due when no more are dropped, at the latest after kWaitMax. True for the
  // first of an episode, which lasts until the next sweep.
  bool note_drop(MonotonicTime now);
  // Events cannot be relied on (kSilence), or had no room in the queue (kQueueFull): due at once.
  void note_loss(SweepCause cause, MonotonicTime now);
  // A container was registered while it ran (kRegistration), and those of its processes that left its path were not
  // looked for: due when no more are registered, at the latest after kWaitMax. One sweep answers for many
  // registrations.
  void note_late_registration(MonotonicTime now);
  // A group vanished while its container lives (kStrays): due at once, unless strays were found lately.
  void note_lost_group() { has_strays_ = true; }

  // Pays what is owed so far.
  void begin_sweep(MonotonicTime now);
  enum class Outcome {
    kClean,
    kStrays,  // what a stray forked before it was known was born outside: look again
    kFailed,  // nothing was read and nothing repaired: what had to wait must wait on
  };
  void end_sweep(Outcome outcome);

  struct Owed {
    SweepCause cause;
    MonotonicTime due_at;
    friend bool operator==(const Owed&, const Owed&) = default;
  };
  // What is due first.
  [[nodiscard]] std::optional<Owed> owed() const;
  // Events were lost, or a sweep failed, and no sweep has made that good.
  [[nodiscard]] bool has_loss() const { return loss_.has_value(); }
  [[nodiscard]] bool has_late_registration() const { return late_.has_value(); }

 private:
  struct Waiting {
    SweepCause cause;
    MonotonicTime due_at;
    MonotonicTime due_at_latest;
  };
  static Waiting wait_for_calm(SweepCause cause, const std::optional<Waiting>& before, MonotonicTime now);

  std::optional<Waiting> loss_;
  std::optional<Waiting> late_;
  bool has_strays_ = false;
  MonotonicTime swept_at_{0};
  MonotonicTime pause_{0};  // after a sweep that found strays, or failed; doubles until one finds nothing
  MonotonicTime pause_max_ = std::chrono::seconds{30};
};

}  // namespace netclsd
