// The whole of netclsd's behaviour over an abstract host: registers, follows events, sweeps, releases. The real agent
// gives it the kernel, the simulation gives it FakeHost. One thread (the loop) calls everything.
//
// Loss is an ordinary input: the engine forgets what it had proven and sweeps as soon as things calm down
// (agent/placing/sweep_debt.h says when).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/containers/recovery.h"
#include "agent/containers/releaser.h"
#include "agent/containers/views.h"
#include "agent/placing/draining_net_cls.h"
#include "agent/placing/intake.h"
#include "agent/placing/patrol.h"
#include "agent/placing/sweeper.h"

namespace netclsd {

// The init of a target that is gone need not be watched any more.
class UnwatchRemoved : public TargetObserver {
 public:
  UnwatchRemoved(ExitWatch& exits, const Targets& targets) : exits_(exits), targets_(targets) {}
  void on_target_removed(TargetNumber number, const Target& target) override;

 private:
  ExitWatch& exits_;
  const Targets& targets_;
};

class Engine {
 public:
  static constexpr MonotonicTime kReleaseRetryMin = std::chrono::milliseconds{25};
  static constexpr MonotonicTime kReleaseRetryMax = std::chrono::seconds{1};
  static constexpr std::size_t kExaminationsPerRound = 256;  // between two looks at signals, timers and requests

  // `counters` outlives the engine.
  Engine(ContainersHost host, EngineOptions options, Counters& counters);

  void set_policy(ClassPolicy policy);
  void set_audit_interval(MonotonicTime interval);

  // Once, before the first round, when events are subscribed to: takes up what was registered and what hooks left, and
  // sweeps.
  void start();
  // One round of the loop: reads the events that have arrived, examines and moves at most `examinations_max` processes,
  // takes up a few spool entries, and does what is due: sweeps, releases. True if there is more to do at once;
  // otherwise call it when something happens, at next_deadline() at the latest.
  bool round(std::size_t examinations_max = kExaminationsPerRound);
  [[nodiscard]] MonotonicTime next_deadline() const;
  // Once a second, before a round: looks after what is not reported, and tries again what did not work.
  void on_second();
  // That init has ended.
  void on_exit(Pid init);
  // Until the end: on this kernel a process must not be moved while it is being forked.
  void let_children_run_first();
  // Something may have happened that could not be seen: sweep at once.
  void distrust_events() { intake_.distrust_events(); }

  [[nodiscard]] Result<RegistrationAnswer> register_container(const ContainerId& id, const RegisterRequest& request);
  [[nodiscard]] Result<void> release(const ContainerId& id, bool force);
  [[nodiscard]] Result<SweepReport> sweep(SweepCause cause);
  [[nodiscard]] Views& views() { return views_; }

  // How things are, for readiness.
  [[nodiscard]] bool has_swept() const { return has_swept_; }  // the first sweep has succeeded
  [[nodiscard]] Pulse pulse() const { return pulse_; }         // of the event source, in the last second
  // Why not all that was kept is known; empty if it is.
  [[nodiscard]] const std::string& unread_because() const { return recovery_.unread_because(); }
  // Why registrations are not kept; empty if all are.
  [[nodiscard]] const std::string& not_kept_because() const { return keeper_.not_kept_because(); }

 private:
  [[nodiscard]] Result<std::optional<Registered>> make_way_and_add(const ContainerId& id,
                                                                   const RegisterRequest& request);
  void recover();
  void finish_recovery();
  void look_after_late();
  void renew_boot_offset();
  void work_off(std::size_t examinations_max);
  void do_what_is_due();
  void forget_ended();
  [[nodiscard]] bool can_tell_who_ended() const;
  [[nodiscard]] std::string shared_init(const ContainerId& id, const RegisterRequest& request);
  [[nodiscard]] Failure clean_up_after(const ContainerId& id, const Error& error);  // a registration that failed
  void finish_ended();
  void update_gauges();
  void count_failure(const Error& error);
  void look_into_spool();
  void take_up_spool(std::size_t entries_max);
  void take_up(SpoolItem& item);
  [[nodiscard]] bool is_to_be_tried_again(const std::string& spool_name);
  void put_off_or_set_aside(const SpoolItem& item);
  void undo_placement(const ContainerId& id);

  EngineOptions options_;
  Counters& counters_;
  Targets targets_;
  Containers containers_{targets_};
  Tracker tracker_{targets_};
  ClassCounts classes_;
  Intake intake_;
  DrainingNetCls net_cls_;
  ContainersHost host_;  // all parts write through net_cls_
  UnwatchRemoved unwatch_;
  Keeper keeper_;
  Groups groups_;
  Mover mover_;
  Patrol patrol_;
  Refusals refusals_;
  Admission admission_;
  Registrar registrar_;
  Releaser releaser_;
  Sweeper sweeper_;
  Recovery recovery_;
  Views views_;

  MonotonicTime audit_interval_ = std::chrono::seconds{30};
  MonotonicTime last_sweep_at_{0};
  MonotonicTime retry_at_{0};  // of releases that were not possible yet
  MonotonicTime retry_pause_ = kReleaseRetryMin;
  MonotonicTime forget_again_at_{0};
  bool has_swept_ = false;
  Pulse pulse_ = Pulse::kAlive;
  bool has_spooled_ = false;  // not all of what was found is taken up yet
  // How often an entry could not be taken up: in this look into the spool and in the one before. What has left the
  // spool meanwhile is in neither, so there are at most as many as the spool looks at.
  std::map<std::string, int> spool_tries_;
  std::map<std::string, int> spool_tries_before_;
  std::optional<std::uint64_t> class_changes_told_;  // ClassCounts::changes() when the gauges were set
};

}  // namespace netclsd
