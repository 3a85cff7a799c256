#include "agent/engine/engine.h"

#include <algorithm>
#include <cerrno>
#include <unordered_set>

namespace netclsd {
namespace {

constexpr std::size_t kReadsPerDrain = 64;  // 3–5 µs each
constexpr int kSpoolTriesMax = 60;          // one a second
constexpr int kPauseForEachLook = 200;      // times what it took to look who is alive: listing 10,000 takes 30 ms
constexpr std::size_t kSpoolPerRound = 4;   // a registration reads all of /proc

SourceLabel label(RegistrationSource source) { return static_cast<SourceLabel>(source); }

}  // namespace

Engine::Engine(Host host, EngineOptions options, Counters& counters)
    : host_(host),
      options_(std::move(options)),
      counters_(counters),
      mover_(host_, *this, containers_, tracker_, counters_),
      patrol_(host_, containers_, tracker_, mover_, counters_),
      refusals_(host_, options_, containers_, counters_),
      admission_(containers_, refusals_),
      registrar_(host_, options_, containers_, tracker_, mover_, admission_),
      releaser_(host_, containers_, tracker_),
      sweeper_(host_, *this, containers_, tracker_, mover_, counters_),
      recovery_(host_, options_, containers_, registrar_, counters_),
      views_(host_, options_, containers_, tracker_, refusals_) {
  tracker_.set_boot_offset(host_.clock.boot_offset());
}

void Engine::recover() {
  recovery_.take_up_registrations();
  recovery_.remove_orphaned_groups(Recovery::Orphans::kAll);
  update_gauges();
}

bool Engine::work(std::size_t examinations_max) {
  host_.events.drain(*this);
  for (std::size_t i = 1; i <= examinations_max && !mover_.is_idle(); ++i) {
    mover_.examine_next();  // drains before it writes
    if (i % kReadsPerDrain == 0) host_.events.drain(*this);
  }
  if (mover_.take_lost_group()) distrust_events();
  if (has_spooled_) take_up_spool(kSpoolPerRound);
  if (mover_.take_overlooked()) patrol_.ask();
  const bool is_on_patrol = mover_.is_idle() && !overrun_ && patrol_.go_on();
  update_gauges();
  return has_spooled_ || !mover_.is_idle() || is_on_patrol;
}

void Engine::tick() {
  const MonotonicTime now = host_.clock.monotonic();
  if (is_overrun_sweep_due(now)) {
    overrun_.reset();
    static_cast<void>(sweep(SweepCause::kOverrun));
  }
  if (now - last_sweep_at_ >= audit_interval_) {
    static_cast<void>(sweep(SweepCause::kAudit));
    recovery_.remove_orphaned_groups(Recovery::Orphans::kSeenTwice);
  }
  if (containers_.has_ended() && now - last_retry_at_ >= kReleaseRetry) {
    finish_ended();
  }
}

MonotonicTime Engine::next_deadline() const {
  MonotonicTime deadline = last_sweep_at_ + audit_interval_;
  if (overrun_) {
    deadline = std::min({deadline, overrun_->last_drop_at + kCalm, overrun_->began_at + kOverrunSweepAfterMax});
  }
  if (containers_.has_ended()) deadline = std::min(deadline, last_retry_at_ + kReleaseRetry);
  if (const auto look = patrol_.next_look(); look && !overrun_) deadline = std::min(deadline, *look);
  return deadline;
}

bool Engine::is_overrun_sweep_due(MonotonicTime now) const {
  if (!overrun_) return false;
  return now - overrun_->last_drop_at >= kCalm || now - overrun_->began_at >= kOverrunSweepAfterMax;
}

void Engine::on_event(const ProcessEvent& event) {
  const auto to_examine = tracker_.on(event);
  if (!to_examine || mover_.enqueue(*to_examine)) return;
  distrust_events();  // the queue is full: reading all of /proc is cheaper by now
}

void Engine::on_dropped(std::uint64_t events) {
  const MonotonicTime now = host_.clock.monotonic();
  counters_.events_dropped.add(events);
  tracker_.distrust_descent();
  if (!overrun_ || !overrun_->is_counted) {
    counters_.overruns.add();
    host_.reporter.overrun(events);
  }
  overrun_ = Overrun{.began_at = overrun_ ? overrun_->began_at : now, .last_drop_at = now, .is_counted = true};
}

void Engine::distrust_events() {
  tracker_.distrust_descent();
  const MonotonicTime now = host_.clock.monotonic();
  if (!overrun_) overrun_ = Overrun{.began_at = now - kOverrunSweepAfterMax, .last_drop_at = now, .is_counted = false};
}

void Engine::on_exit(Pid init) {
  releaser_.on_exit(init);
  finish_ended();
}

void Engine::finish_ended() {
  last_retry_at_ = host_.clock.monotonic();
  host_.events.drain(*this);
  // After lost events somebody may live that only the coming sweep finds.
  if (mover_.is_idle() && !overrun_) releaser_.finish_ended();
  update_gauges();
}

Result<RegistrationAnswer> Engine::register_container(const ContainerId& id, const RegisterRequest& request) {
  host_.events.drain(*this);  // what was forked under the numbers' earlier owners must still find those
  auto registered = make_way_and_add(id, request);
  update_gauges();
  if (!registered) {
    count_failure(registered.error());
    const Error& error = registered.error();
    if (error.code() == ErrorCode::kForbidden) undo_placement(id);
    recovery_.remove_orphaned_group(id);  // begun by us, or by the hook before
    // A group that vanished meanwhile is our trouble: 404 would tell the hook that it asked for something wrong.
    if (error.code() == ErrorCode::kNotFound) return failure(ErrorCode::kSystem, error.message());
    return pass_on(error);
  }
  if (!*registered) return RegistrationAnswer{};
  if ((*registered)->is_new) counters_.registrations[label(request.source)].add();
  if ((*registered)->is_new && !request.hook_version.empty()) counters_.hook_registrations.add(request.hook_version);
  RegistrationAnswer answer;
  answer.view = views_.container((*registered)->number);
  answer.is_new = (*registered)->is_new;
  answer.not_kept_because = registrar_.not_kept_because();
  return answer;
}

Result<std::optional<Registered>> Engine::make_way_and_add(const ContainerId& id, const RegisterRequest& request) {
  // One that has ended may still hold processes: it stays until somebody alive takes its id.
  if (containers_.find(id) != nullptr) {
    if (auto process = registrar_.find_process(request); !process) return pass_on(process.error());
  }
  if (auto made_way = releaser_.make_way(id, request.pid); !made_way) return pass_on(made_way.error());
  return registrar_.add(id, request);
}

// Without us the hook gives a container what it asks for. If it cannot be undone now, it is tried again every second.
void Engine::undo_placement(const ContainerId& id) {
  if (auto undone = refusals_.undo_placement(id); !undone) {
    host_.reporter.problem("refused_placement_not_undone", id.text(), undone.error());
  }
}

Result<void> Engine::release(const ContainerId& id, bool force) {
  auto released = releaser_.release(id, force);
  finish_ended();
  return released;
}

Result<SweepReport> Engine::sweep(SweepCause cause) {
  last_sweep_at_ = host_.clock.monotonic();
  auto report =
      sweeper_.sweep(cause, has_spooled_ ? Sweeper::Foreigners::kMayBeExpected : Sweeper::Foreigners::kMoveOut);
  if (!report) host_.reporter.problem("sweep_failed", "", report.error());
  // What a stray forked while it was not known yet was born outside, and its event told nothing. And a sweep that
  // failed has repaired nothing. Look again, but not at once: a process that leaves its group again and again must not
  // keep us busy.
  const bool is_done = report && report->moved == 0;
  if (!is_done && !overrun_) {
    overrun_ =
        Overrun{.began_at = last_sweep_at_, .last_drop_at = last_sweep_at_ + kSecondLook - kCalm, .is_counted = false};
  }
  update_gauges();
  return report;
}

void Engine::set_policy(ClassPolicy policy) {
  counters_.classes.set_names(policy.classes);
  admission_.set_policy(std::move(policy));
}

void Engine::keep_unkept() { registrar_.keep_unkept(); }

void Engine::look_into_spool() {
  refusals_.undo_late_placements();
  recovery_.remove_leftovers();
  if (!has_spooled_) host_.spool.look();
  has_spooled_ = true;
}

void Engine::take_up_spool(std::size_t entries_max) {
  auto items = host_.spool.take(entries_max);
  has_spooled_ = !items.empty();
  for (SpoolItem& item : items) take_up(item);
}

void Engine::take_up(SpoolItem& item) {
  if (!item.entry) {
    counters_.registration_failures[RegistrationFailure::kMalformed].add();
    host_.reporter.problem("spool_entry_not_readable", item.name, item.entry.error());
    return host_.spool.set_aside(item.name);
  }
  item.entry->request.source = RegistrationSource::kSpool;
  const auto answer = register_container(item.entry->id, item.entry->request);
  if (answer && answer->not_kept_because.empty()) {
    spool_tries_.erase(item.name);
    return host_.spool.discard(item.name);
  }
  if (answer) return;  // it cannot be kept anywhere else
  host_.reporter.problem("spool_entry_refused", item.entry->id.text(), answer.error());
  const bool is_final = answer.error().code() != ErrorCode::kSystem && answer.error().code() != ErrorCode::kUnavailable;
  if (!is_final && ++spool_tries_[item.name] < kSpoolTriesMax) return;
  spool_tries_.erase(item.name);
  host_.spool.discard(item.name);
}

void Engine::forget_ended() {
  const MonotonicTime now = host_.clock.monotonic();
  // Nobody new: the next sweep is soon enough.
  if (!tracker_.has_grown() || now < forget_again_at_) return;
  const auto alive = host_.processes.list();
  if (!alive) return;
  host_.events.drain(*this);  // forks of those that ended before we looked must still find their parents
  const std::unordered_set<Pid> pids(alive->begin(), alive->end());
  tracker_.forget_all_but(pids, now);
  tracker_.forget_suspects(pids, now);
  const MonotonicTime done_at = host_.clock.monotonic();
  forget_again_at_ = done_at + (done_at - now) * kPauseForEachLook;
  update_gauges();
}

void Engine::update_gauges() {
  counters_.containers.set(containers_.size());
  counters_.classes.set(containers_.classes());
  counters_.processes.set(tracker_.size());
}

void Engine::count_failure(const Error& error) {
  const auto reason = [&] {
    switch (error.code()) {
      case ErrorCode::kInvalid:
      case ErrorCode::kTooLarge:
        return RegistrationFailure::kMalformed;
      case ErrorCode::kForbidden:
        return RegistrationFailure::kForbidden;
      case ErrorCode::kConflict:
        return error.sys_errno() == ESRCH ? RegistrationFailure::kGone : RegistrationFailure::kConflict;
      case ErrorCode::kUnavailable:
        return RegistrationFailure::kBusy;
      case ErrorCode::kNotFound:  // the group vanished meanwhile
      case ErrorCode::kSystem:
        return RegistrationFailure::kSystem;
    }
    return RegistrationFailure::kSystem;
  };
  counters_.registration_failures[reason()].add();
}

}  // namespace netclsd
