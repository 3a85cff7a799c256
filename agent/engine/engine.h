// The whole of netclsd's behaviour over an abstract host: registers, follows events, sweeps, releases. The real agent
// gives it the kernel, the simulation gives it FakeHost. One thread (the loop) calls everything.
//
// Loss is an ordinary input: on_dropped makes the engine forget what it had proven and sweep as soon as things calm
// down, at the latest after kOverrunSweepAfterMax.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/engine/patrol.h"
#include "agent/engine/recovery.h"
#include "agent/engine/releaser.h"
#include "agent/engine/sweeper.h"
#include "agent/engine/views.h"

namespace netclsd {

class Engine : public EventSink {
 public:
  static constexpr MonotonicTime kCalm = std::chrono::milliseconds{50};
  static constexpr MonotonicTime kOverrunSweepAfterMax = std::chrono::seconds{1};
  static constexpr MonotonicTime kSecondLook = std::chrono::milliseconds{200};  // after a sweep that found strays
  static constexpr MonotonicTime kReleaseRetry = std::chrono::milliseconds{25};

  // `counters` outlives the engine.
  Engine(Host host, EngineOptions options, Counters& counters);

  void set_policy(ClassPolicy policy);
  void set_audit_interval(MonotonicTime interval) { audit_interval_ = interval; }

  // Before the first sweep.
  void recover();

  // Reads what has arrived, then examines and moves, at most `examinations_max` processes, and takes up a few spool
  // entries; drains between any two moves. True if there is more to do at once.
  bool work(std::size_t examinations_max);
  // What is due by now: overrun sweep, audit, unfinished releases, the spool. Call at next_deadline().
  void tick();
  [[nodiscard]] MonotonicTime next_deadline() const;

  void on_event(const ProcessEvent& event) override;
  void on_dropped(std::uint64_t events) override;
  void on_exit(Pid init);

  [[nodiscard]] Result<RegistrationAnswer> register_container(const ContainerId& id, const RegisterRequest& request);
  [[nodiscard]] Result<void> release(const ContainerId& id, bool force);
  [[nodiscard]] Result<SweepReport> sweep(SweepCause cause);
  // Once a second. work() takes up a few entries of what is found, so that everybody else is served meanwhile.
  void look_into_spool();
  void take_up_spool(std::size_t entries_max);
  // Tries again to keep what could not be kept (no space in the state directory).
  void keep_unkept();
  // Why registrations are not kept; empty if all are.
  [[nodiscard]] const std::string& not_kept_because() const { return registrar_.not_kept_because(); }
  // Takes processes that ended off the table, so that `processes` counts the living. Call once a second;
  // on hosts with thousands of processes it looks less often than that.
  void forget_ended();
  // Something out of sight may have happened (the listener was deaf): sweep at once.
  void distrust_events();

  [[nodiscard]] Views& views() { return views_; }

 private:
  [[nodiscard]] Result<std::optional<Registered>> make_way_and_add(const ContainerId& id,
                                                                   const RegisterRequest& request);
  void finish_ended();
  void update_gauges();
  void count_failure(const Error& error);
  void take_up(SpoolItem& item);
  void undo_placement(const ContainerId& id);
  [[nodiscard]] bool is_overrun_sweep_due(MonotonicTime now) const;

  Host host_;
  EngineOptions options_;
  Counters& counters_;
  Containers containers_;
  Tracker tracker_{containers_.claims()};
  Mover mover_;
  Patrol patrol_;
  Refusals refusals_;
  Admission admission_;
  Registrar registrar_;
  Releaser releaser_;
  Sweeper sweeper_;
  Recovery recovery_;
  Views views_;

  struct Overrun {
    MonotonicTime began_at;
    MonotonicTime last_drop_at;
    bool is_counted;  // false: nothing was dropped, but events cannot be relied on
  };
  std::optional<Overrun> overrun_;
  MonotonicTime audit_interval_ = std::chrono::seconds{30};
  MonotonicTime last_sweep_at_{0};
  MonotonicTime last_retry_at_{0};
  MonotonicTime forget_again_at_{0};
  bool has_spooled_ = false;                // not all of what was found is taken up yet
  std::map<std::string, int> spool_tries_;  // of entries that could not be taken up yet
};

}  // namespace netclsd
