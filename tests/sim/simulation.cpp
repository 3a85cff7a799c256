#include "tests/sim/simulation.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "tests/sim/checks.h"

namespace netclsd {
namespace {

constexpr int kPathSearch_seconds = 64;  // a path is looked for less and less often

EngineOptions engine_options(std::size_t spooled_before_ready) {
  return {.self = FakeHost::kAgent,
          .mount_point = "/net_cls",
          .place = {.mount_root = "/", .parent = "netclsd"},
          .spooled_before_ready = spooled_before_ready};
}

bool has_favordynmods(std::uint64_t seed) { return seed % 7 == 3; }

FakeHostOptions host_options(std::uint64_t seed) {
  constexpr std::array<std::int32_t, 3> kPidMaxima = {120, 400, 4'000};
  constexpr std::array<std::size_t, 3> kEventsMax = {24, 100, 1'000'000};
  return {.sees_cgroups = seed % 4 != 0,
          .may_trace = seed % 5 == 0,
          .pid_max = kPidMaxima[seed % 3],
          .events_max = kEventsMax[seed / 3 % 3],
          .has_favordynmods = has_favordynmods(seed)};
}

ClassId gold(std::uint64_t which) { return *ClassId::from_raw(0x10'0000U + static_cast<std::uint32_t>(which)); }

}  // namespace

Simulation::Simulation(std::uint64_t seed)
    : node_(seed, host_options(seed)), lets_children_run_first_(has_favordynmods(seed)) {
  policy_.classes.insert_or_assign(kClassName, gold(1));
  set_fault_handler([this](FaultPoint point) { return node_.faults.before(point); });
}

Simulation::~Simulation() { set_fault_handler({}); }

std::string Simulation::run(int steps) {
  start_engine();
  node_.world.interleave = [this](std::optional<Pid> target) { node_.disturb(target); };
  for (int i = 0; i < steps && failure_.empty(); ++i) {
    step();
    if (node_.one_in(12)) check();
  }
  check();
  for (int i = 0; i < 10000 && failure_.empty() && !node_.containers.empty(); ++i) end_container();
  if (failure_.empty() && !node_.containers.empty()) fail("containers do not end: " + node_.containers.front().id);
  check();
  if (node_.world.watched() > 0) fail("an ended init is still watched");
  return failure_.empty() ? "" : failure_ + "\n" + node_.trace.text();
}

void Simulation::step() {
  node_.forget_ended();
  if (node_.world.is_full()) return end_container();
  if (!engine_ && node_.one_in(4)) return start_engine();
  const std::uint64_t what = node_.pick(16);
  if (what == 0) return suffer();
  if (what <= 3) return act();
  live();
}

void Simulation::live() {
  switch (node_.pick(16)) {
    case 0:
      return start_container();
    case 12:
      return node_.one_in(4) ? node_.join_pid_namespace("d" + std::to_string(++last_container_)) : node_.enter();
    case 13:
      return node_.one_in(3) ? node_.exit_leader_inside() : node_.fork_inside();
    case 14:
      return node_.one_in(4) ? node_.make_subgroup() : node_.exec_inside();
    case 15:
      return register_late();
    case 1:
      return node_.enter();
    case 2:
      return node_.one_in(2) ? end_container() : node_.host_life();
    case 3:
      return node_.host_life();
    case 4:
      return node_.exec_inside();
    case 5:
    case 6:
      return node_.exit_inside();
    default:
      return node_.fork_inside();
  }
}

void Simulation::suffer() {
  static constexpr std::array<std::pair<FaultPoint, int>, 18> kFailures = {{{FaultPoint::kCgroupAttach, EACCES},
                                                                            {FaultPoint::kCgroupAttach, ENODEV},
                                                                            {FaultPoint::kCgroupAttach, EBUSY},
                                                                            {FaultPoint::kGroupMake, ENOSPC},
                                                                            {FaultPoint::kClassidWrite, EACCES},
                                                                            {FaultPoint::kGroupRemove, EBUSY},
                                                                            {FaultPoint::kExitWatch, EMFILE},
                                                                            {FaultPoint::kFileRead, EMFILE},
                                                                            {FaultPoint::kFileWrite, ENOSPC},
                                                                            {FaultPoint::kFileRemove, EIO},
                                                                            {FaultPoint::kProcSlice, ENOMEM},
                                                                            {FaultPoint::kProcSlice, EMFILE},
                                                                            {FaultPoint::kRegisterIdentify, EIO},
                                                                            {FaultPoint::kRegisterGroup, EIO},
                                                                            {FaultPoint::kRegisterPlace, EIO},
                                                                            {FaultPoint::kRegisterWatch, EMFILE},
                                                                            {FaultPoint::kRegisterKeep, EIO},
                                                                            {FaultPoint::kRegisterKeep, ENOSPC}}};
  switch (node_.pick(11)) {
    case 10:
      return node_.world.lose_next_exit();
    case 8:
      return node_.start_leaving();
    case 9:
      return node_.world.leave();
    case 0:
      return node_.world.drop_next(1 + node_.pick(12));
    case 1:
      node_.trace.note("silence");
      ++node_.faults.counts.silences;
      return node_.world.set_silent(true);
    case 2:
    case 3:
      return node_.faults.arm_crash(1 + node_.pick(12), node_.one_in(2));
    case 4:
      return stop_engine();
    case 5:
      return node_.host_storm(static_cast<int>(node_.pick(200)));  // the agent stalls meanwhile
    case 6:
      return node_.edit_by_hand();
    default: {
      const auto [point, error] = kFailures[node_.pick(kFailures.size())];
      return node_.faults.arm_failure(point, error);
    }
  }
}

void Simulation::act() {
  switch (node_.pick(8)) {
    case 0:
      return quiesce();
    case 1:
      return pass_second();
    case 2:
      return change_policy();
    case 4:
      with_engine([](Engine& engine) { static_cast<void>(engine.sweep(SweepCause::kAudit)); });
      return;
    case 3:
      if (!node_.ended_ids.empty()) hint_release(node_.ended_ids[node_.pick(node_.ended_ids.size())]);
      return;
    default:
      with_engine([this](Engine& engine) { engine.round(node_.pick(4)); });
  }
}

bool Simulation::with_engine(const std::function<void(Engine&)>& call) {
  if (!engine_) return false;
  try {
    call(*engine_);
    return true;
  } catch (const AgentCrashed&) {
    node_.trace.note("AGENT CRASHED");
    stop_engine();
    return false;
  }
}

void Simulation::start_engine() {
  node_.trace.note("agent starts");
  node_.world.lose_listener();  // what it did not hear
  node_.world.set_silent(false);
  if (lets_children_run_first_) node_.world.pass(std::chrono::milliseconds{10});  // no start is as fast as a fork
  engine_ = std::make_unique<Engine>(node_.world.host(), engine_options(1 + node_.pick(3)), counters_);
  with_engine([this](Engine& engine) {
    engine.set_policy(policy_);
    if (lets_children_run_first_) engine.let_children_run_first();
    engine.start();
  });
}

void Simulation::stop_engine() {
  engine_.reset();
  node_.world.lose_listener();
}

void Simulation::pass_second() {
  node_.world.pass(std::chrono::seconds{1});
  node_.world.leave();
  with_engine([this](Engine& engine) {
    for (const Pid pid : node_.world.take_exits()) engine.on_exit(pid);
    engine.on_second();
    engine.round(0);
  });
}

// What waits in the spool asked for a class that the policy of its time knew.
void Simulation::change_policy() {
  if (!node_.world.spool().empty()) return;
  policy_.classes.insert_or_assign(kClassName, gold(1 + node_.pick(3)));
  with_engine([this](Engine& engine) { engine.set_policy(policy_); });
}

void Simulation::quiesce() {
  bool is_quiet = false;
  while (!is_quiet) {
    if (!engine_) start_engine();
    is_quiet = with_engine([this](Engine& engine) { work_off(engine); });
    pass_second();
    is_quiet &= with_engine([this](Engine& engine) {
      work_off(engine);
      keep_appointments(engine);
    });
  }
}

void Simulation::work_off(Engine& engine) {
  while (engine.round(1'000) || node_.world.has_events()) {
  }
}

// As the loop does: it wakes when something is due. For a second.
void Simulation::keep_appointments(Engine& engine) {
  constexpr int kAppointmentsMax = 100;  // of a loop that does not sleep
  const MonotonicTime end = node_.world.monotonic() + std::chrono::seconds{1};
  for (int i = 0; engine.next_deadline() < end; ++i) {
    if (i == kAppointmentsMax) return fail("the loop does not come to rest");
    node_.world.pass(std::max(engine.next_deadline() - node_.world.monotonic(), MonotonicTime{0}));
    work_off(engine);
  }
}

void Simulation::check() {
  if (!failure_.empty()) return;
  const auto interleave = std::exchange(node_.world.interleave, [](std::optional<Pid>) {});
  node_.faults.disarm();
  node_.world.drop_next(0);
  quiesce();
  // Whatever keeps leaving its group. What only a repetition or an audit makes good may take longer.
  const bool may_take_longer = node_.faults.needs_sweep() || node_.world.has_lost_exit() || node_.needs_audit();
  if (!may_take_longer) fail(check_released(node_));
  register_again();
  quiesce();
  for (int seconds = 0; seconds < kPathSearch_seconds && node_.is_a_path_looked_for(); ++seconds) pass_second();
  quiesce();
  if (node_.faults.take_failed()) node_.world.problems.clear();
  const bool has_lost_by_fault = node_.faults.take_needs_sweep();  // both are asked: asking takes them back
  const bool has_lost_exit = node_.world.take_lost_exit();
  const bool needs_audit = node_.take_needs_audit() || has_lost_exit;
  if (has_lost_by_fault || needs_audit) {
    static_cast<void>(engine_->sweep(SweepCause::kAudit));
    node_.world.problems.clear();
    quiesce();
  }
  pass_second();  // what waited for a second look
  node_.forget_ended();
  fail(check_processes(node_));
  if (!failure_.empty()) return;
  const std::size_t moves_before = node_.world.moves();
  const auto again = engine_->sweep(SweepCause::kRequest);
  const std::size_t leavers = node_.leavers();
  if (!again || again->strays > leavers || node_.world.moves() > moves_before + leavers) {
    fail("sweeping again finds something to do");
  }
  fail(check_leftovers(node_));
  fail(check_counters(node_, counters_));
  fail(check_drains(node_));
  fail(check_kernel_lives(node_));
  if (!node_.world.problems.empty()) fail("reported: " + node_.world.problems.front());
  node_.world.interleave = interleave;
}

void Simulation::fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

}  // namespace netclsd
