#include "agent/engine/engine.h"

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <unordered_set>
#include <utility>

#include "agent/containers/source.h"

namespace netclsd {
namespace {

constexpr std::size_t kReadsPerDrain = 64;            // 3–5 µs each
constexpr std::chrono::milliseconds kSuspendMin{20};  // what is shorter is within kStartSlack_ticks
constexpr int kSpoolTriesMax = 60;                    // one a second
constexpr int kPauseForEachLook = 200;     // times what it took to look who is alive: listing 10,000 takes 30 ms
constexpr std::size_t kSpoolPerRound = 4;  // a registration may read all of /proc

}  // namespace

Engine::Engine(ContainersHost host, EngineOptions options, Counters& counters)
    : options_(std::move(options)),
      counters_(counters),
      targets_(options_.place.mount_root),
      intake_(host.events, host.clock, host.reporter, tracker_, counters_),
      net_cls_(host.net_cls, intake_),
      host_{{host.processes, host.cgroups, net_cls_, host.clock, host.exits, host.events, host.reporter},
            host.store,
            host.spool,
            host.container_reporter},
      unwatch_(host_.exits, targets_),
      keeper_(host_, containers_),
      groups_(host_, intake_, targets_, options_.place.parent, counters_),
      mover_(host_, intake_, targets_, tracker_, counters_, options_.place.mount_root),
      patrol_(host_, targets_, tracker_, mover_, counters_),
      refusals_(host_, options_, containers_, groups_, counters_),
      admission_(containers_, refusals_),
      registrar_(host_, options_, intake_, containers_, tracker_, mover_, admission_, groups_, keeper_),
      releaser_(host_, intake_, containers_, tracker_, mover_, groups_, counters_),
      sweeper_(host_, intake_, targets_, tracker_, mover_, groups_, counters_),
      recovery_(host_, options_, containers_, registrar_, counters_),
      views_(host_, options_, containers_, tracker_, refusals_) {
  tracker_.set_boot_offset(host_.clock.boot_offset());
  for (TargetObserver* observer : std::initializer_list<TargetObserver*>{&tracker_, &classes_, &unwatch_, &keeper_}) {
    targets_.observe(*observer);
  }
}

// Its number may be another target's init by now.
void UnwatchRemoved::on_target_removed(TargetNumber /*number*/, const Target& target) {
  if (target.init.pid != Pid{} && !targets_.find_by_init(target.init.pid)) exits_.forget(target.init.pid);
}

void Engine::start() {
  recover();
  look_after_late();
  look_into_spool();
  take_up_spool(options_.spooled_before_ready);
  has_swept_ = sweep(SweepCause::kStartup).has_value();
}

// Whose members the processes are is not known before the end: what is forked meanwhile is examined.
void Engine::recover() {
  tracker_.begin_reading(true);
  recovery_.take_up_registrations();
  intake_.drain();
  tracker_.end_reading(false);
  recovery_.remove_orphaned_groups(Recovery::Orphans::kAll);
}

void Engine::on_second() {
  look_after_late();
  look_into_spool();
  finish_recovery();
  keeper_.try_again();
  if (!has_swept_) has_swept_ = sweep(SweepCause::kStartup).has_value();
  forget_ended();
  intake_.drain();
  pulse_ = host_.events.check_pulse();
  if (pulse_ != Pulse::kAlive) intake_.distrust_events();  // healed or not: what happened in between is not known
}

// What registrations and refusals still wait for.
void Engine::look_after_late() {
  registrar_.look_for_paths();
  if (registrar_.take_lost_init()) intake_.distrust_events();
  refusals_.undo_late_placements();
  recovery_.remove_leftovers();
  if (intake_.is_idle()) registrar_.tag_sockets_again();  // else members may still be on their way into the group
}

// What recover() could not do: read a registration, or watch an init.
void Engine::finish_recovery() {
  recovery_.watch_unwatched();
  if (!recovery_.has_unread()) return;
  tracker_.begin_reading(true);
  const bool has_taken_up = recovery_.take_up_unread();
  intake_.drain();
  tracker_.end_reading(false);
  if (has_taken_up) static_cast<void>(sweep(SweepCause::kStartup));
}

bool Engine::round(std::size_t examinations_max) {
  work_off(examinations_max);
  if (mover_.take_overlooked()) patrol_.ask();
  const bool is_on_patrol = intake_.is_idle() && !intake_.debt().has_loss() && patrol_.go_on();
  do_what_is_due();
  update_gauges();
  return has_spooled_ || !intake_.is_idle() || is_on_patrol;
}

void Engine::work_off(std::size_t examinations_max) {
  renew_boot_offset();
  intake_.drain();
  intake_.take_up_put_off();
  for (std::size_t i = 1; i <= examinations_max && !intake_.is_idle(); ++i) {
    mover_.examine(intake_.next());  // drains before it writes
    if (i % kReadsPerDrain == 0) intake_.drain();
  }
  if (has_spooled_) take_up_spool(kSpoolPerRound);
}

// It grows while the host is suspended. Of the forks that were not read yet nobody can tell which were before.
void Engine::renew_boot_offset() {
  const auto offset = host_.clock.boot_offset();
  if (std::chrono::abs(offset - tracker_.boot_offset()) < kSuspendMin) return;
  tracker_.set_boot_offset(offset);
  intake_.distrust_events();
}

void Engine::do_what_is_due() {
  const MonotonicTime now = host_.clock.monotonic();
  if (const auto owed = intake_.debt().owed(); owed && now >= owed->due_at) static_cast<void>(sweep(owed->cause));
  if (now - last_sweep_at_ >= audit_interval_) {
    static_cast<void>(sweep(SweepCause::kAudit));
    recovery_.remove_orphaned_groups(Recovery::Orphans::kSeenTwice);
  }
  if (targets_.has_ended() && now >= retry_at_) finish_ended();
}

MonotonicTime Engine::next_deadline() const {
  MonotonicTime deadline = last_sweep_at_ + audit_interval_;
  if (const auto owed = intake_.debt().owed()) deadline = std::min(deadline, owed->due_at);
  if (targets_.has_ended() && can_tell_who_ended()) deadline = std::min(deadline, retry_at_);
  if (const auto due = intake_.next_put_off()) deadline = std::min(deadline, *due);
  if (const auto look = patrol_.next_look(); look && !intake_.debt().has_loss()) deadline = std::min(deadline, *look);
  return deadline;
}

void Engine::on_exit(Pid init) {
  releaser_.on_exit(init);
  retry_pause_ = kReleaseRetryMin;
  finish_ended();
}

// A process that was exec'd into a container may be known by its event alone, and after lost events one may live that
// only the coming sweep finds.
bool Engine::can_tell_who_ended() const {
  return intake_.is_idle() && !intake_.has_put_off() && !intake_.debt().has_loss();
}

// What cannot be told now is due as soon as it can be: the work or the sweep that is in the way wakes the loop.
void Engine::finish_ended() {
  intake_.drain();
  // One that left the path of a container that has just been registered keeps that container, too.
  if (intake_.debt().has_late_registration()) static_cast<void>(sweep(SweepCause::kRegistration));
  retry_at_ = host_.clock.monotonic();
  if (!can_tell_who_ended()) return;
  releaser_.finish_ended();
  retry_at_ += retry_pause_;
  retry_pause_ = std::min(2 * retry_pause_, kReleaseRetryMax);
  update_gauges();
}

Result<RegistrationAnswer> Engine::register_container(const ContainerId& id, const RegisterRequest& request) {
  renew_boot_offset();
  intake_.drain();  // what was forked under the numbers' earlier owners must still find those
  // Before its first instruction init has no children. A container that is registered later may have been entered: by a
  // process that forks and ends while /proc is read.
  const bool may_have_processes = !is_before_first_instruction(request);
  if (may_have_processes) tracker_.begin_reading(true);
  auto registered = make_way_and_add(id, request);
  if (may_have_processes) intake_.drain();
  tracker_.end_reading(false);
  update_gauges();
  RegistrationAnswer answer;
  if (!registered) {
    if (registered.error().code() == ErrorCode::kConflict) answer.not_managed_because = shared_init(id, request);
    if (!answer.not_managed_because.empty()) return answer;
    return clean_up_after(id, registered.error());
  }
  if (!*registered) return answer;
  if ((*registered)->is_new) counters_.registrations[label(request.source)].add();
  if ((*registered)->is_new && !request.hook_version.empty()) counters_.hook_registrations.add(request.hook_version);
  answer.view = views_.container(*containers_.find((*registered)->number));
  answer.is_new = (*registered)->is_new;
  answer.not_kept_because = keeper_.not_kept_because();
  return answer;
}

// gVisor tells one process as the init of all containers of a pod: its sandbox, which has the class of the first. The
// runtime gives no other, so there is nothing to place for the rest, and nobody has failed. Empty if it is not so.
std::string Engine::shared_init(const ContainerId& id, const RegisterRequest& request) {
  const Container* other = containers_.find_by_init(request.pid);
  if (!is_the_runtime(request.source) || other == nullptr || containers_.find(id) != nullptr) return {};
  if (other->target.has_init_ended) return {};
  const ProcessKey& init = other->target.init;
  if (request.start_time && *request.start_time != init.start_time) return {};
  return "pid " + to_string(init.pid) + " is the init of container " + other->id.text() + " already, in class " +
         to_string(other->target.choice.classid) +
         ": one process holds the runtime's containers, and there is nothing more to place";
}

Failure Engine::clean_up_after(const ContainerId& id, const Error& error) {
  if (error.code() == ErrorCode::kNotMounted) return pass_on(error);  // there is no group, and it will be asked again
  count_failure(error);
  if (error.code() == ErrorCode::kForbidden) undo_placement(id);
  recovery_.remove_orphaned_group(id);  // begun by us, or by the hook before
  // A group that vanished meanwhile is our trouble: 404 would tell the hook that it asked for something wrong.
  if (error.code() == ErrorCode::kNotFound) return failure(ErrorCode::kSystem, error.message());
  return pass_on(error);
}

Result<std::optional<Registered>> Engine::make_way_and_add(const ContainerId& id, const RegisterRequest& request) {
  // One that has ended may still hold processes: it stays until somebody alive takes its id.
  const bool is_known = containers_.find(id) != nullptr;
  if (is_known) {
    if (auto process = registrar_.find_process(request); !process) return pass_on(process.error());
  }
  if (auto made_way = releaser_.make_way(id, request.pid); !made_way) return pass_on(made_way.error());
  auto added = registrar_.add(id, request);
  if (is_known && added) recovery_.remove_orphaned_group(id);  // the earlier one's, which may have been in use
  return added;
}

// Without us the hook gives a container what it asks for. If it cannot be undone now, it is tried again every second.
void Engine::undo_placement(const ContainerId& id) {
  if (auto undone = refusals_.undo_placement(id); !undone) {
    host_.reporter.problem("refused_placement_not_undone", id.text(), undone.error());
  }
}

Result<void> Engine::release(const ContainerId& id, bool force) {
  auto released = releaser_.release(id, force);
  retry_pause_ = kReleaseRetryMin;
  finish_ended();
  return released;
}

Result<SweepReport> Engine::sweep(SweepCause cause) {
  renew_boot_offset();  // first, so that this is the sweep that a suspend asks for
  last_sweep_at_ = host_.clock.monotonic();
  intake_.debt().begin_sweep(last_sweep_at_);
  const bool knows_all = !has_spooled_ && unread_because().empty();
  auto report = sweeper_.sweep(cause, knows_all ? Sweeper::Foreigners::kMoveOut : Sweeper::Foreigners::kMayBeExpected);
  if (!report) host_.reporter.problem("sweep_failed", "", report.error());
  releaser_.check_inits();
  const bool has_strays = report && report->moved + report->failed > 0;
  if (!report) intake_.debt().end_sweep(SweepDebt::Outcome::kFailed);
  if (report) intake_.debt().end_sweep(has_strays ? SweepDebt::Outcome::kStrays : SweepDebt::Outcome::kClean);
  update_gauges();
  return report;
}

void Engine::set_audit_interval(MonotonicTime interval) {
  audit_interval_ = interval;
  intake_.debt().set_pause_max(interval);
}

void Engine::let_children_run_first() {
  intake_.let_children_run_first();
  counters_.early_moves_forbidden.set(1);
}

void Engine::set_policy(ClassPolicy policy) {
  counters_.classes.set_names(policy.classes);
  admission_.set_policy(std::move(policy));
}

// What the last agent knew of a container is more than what its hook left: that is read first.
void Engine::look_into_spool() {
  if (has_spooled_ || !unread_because().empty()) return;
  host_.spool.look();
  has_spooled_ = true;
  spool_tries_before_ = std::exchange(spool_tries_, {});
}

void Engine::take_up_spool(std::size_t entries_max) {
  auto items = host_.spool.take(entries_max);
  has_spooled_ = !items.empty();
  for (SpoolItem& item : items) take_up(item);
}

void Engine::take_up(SpoolItem& item) {
  if (!item.entry) return put_off_or_set_aside(item);
  item.entry->request.source = RegistrationSource::kSpool;
  const auto answer = register_container(item.entry->id, item.entry->request);
  if (answer && answer->not_kept_because.empty()) return host_.spool.discard(item.name);
  if (answer) return;                                     // it cannot be kept anywhere else
  if (answer.error().code() == ErrorCode::kNotMounted) {  // until the next hook mounts it
    return host_.reporter.problem("spool_entry_waits", item.entry->id.text(), answer.error());
  }
  host_.reporter.problem("spool_entry_refused", item.entry->id.text(), answer.error());
  if (!answer.error().may_pass() || !is_to_be_tried_again(item.name)) host_.spool.discard(item.name);
}

void Engine::put_off_or_set_aside(const SpoolItem& item) {
  const Error& error = item.entry.error();
  host_.reporter.problem("spool_entry_not_readable", item.name, error);
  if (error.may_pass() && is_to_be_tried_again(item.name)) return;
  count_failure(error);
  host_.spool.set_aside(item.name);
}

bool Engine::is_to_be_tried_again(const std::string& spool_name) {
  const auto before = spool_tries_before_.find(spool_name);
  const int tries = 1 + (before == spool_tries_before_.end() ? 0 : before->second);
  if (tries >= kSpoolTriesMax) return false;
  spool_tries_.insert_or_assign(spool_name, tries);
  return true;
}

// Takes processes that ended off the table, so that `processes` counts the living. On hosts with thousands of processes
// less often than once a second.
void Engine::forget_ended() {
  const MonotonicTime now = host_.clock.monotonic();
  // Nobody new: the next sweep is soon enough.
  if (!tracker_.has_grown() || now < forget_again_at_) return;
  const auto alive = host_.processes.list();
  if (!alive) return;
  intake_.drain();  // forks of those that ended before we looked must still find their parents
  const std::unordered_set<Pid> pids(alive->begin(), alive->end());
  tracker_.forget_all_but(pids, now);
  tracker_.forget_suspects(pids, intake_.examined_until(now));
  const MonotonicTime done_at = host_.clock.monotonic();
  forget_again_at_ = done_at + (done_at - now) * kPauseForEachLook;
  update_gauges();
}

void Engine::update_gauges() {
  counters_.containers.set(containers_.size());
  const std::uint64_t changes = classes_.changes();
  if (std::exchange(class_changes_told_, changes) != changes) counters_.classes.set(classes_);
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
      case ErrorCode::kNotMounted:
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
