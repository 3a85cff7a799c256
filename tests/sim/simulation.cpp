#include "tests/sim/simulation.h"

#include <array>
#include <cerrno>

#include "tests/sim/checks.h"

namespace netclsd {
namespace {

constexpr const char* kClassName = "gold";

EngineOptions engine_options() {
  return {.self = FakeHost::kAgent, .mount_point = "/net_cls", .place = {.mount_root = "/", .parent = "netclsd"}};
}

FakeHostOptions host_options(std::uint64_t seed) {
  constexpr std::array<std::int32_t, 3> kPidMax = {120, 400, 4'000};
  constexpr std::array<std::size_t, 3> kEventsMax = {24, 100, 1'000'000};
  return {.sees_cgroups = seed % 4 != 0,
          .may_trace = seed % 5 == 0,
          .pid_max = kPidMax[seed % 3],
          .events_max = kEventsMax[seed / 3 % 3]};
}

ClassId gold(std::uint64_t which) { return *ClassId::from_raw(0x10'0000U + static_cast<std::uint32_t>(which)); }

}  // namespace

Simulation::Simulation(std::uint64_t seed) : node_(seed, host_options(seed)) {
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
  switch (node_.pick(12)) {
    case 0:
      return start_container();
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
  static constexpr std::array<std::pair<FaultPoint, int>, 16> kFailures = {{{FaultPoint::kCgroupAttach, EACCES},
                                                                            {FaultPoint::kCgroupAttach, ENODEV},
                                                                            {FaultPoint::kCgroupAttach, EBUSY},
                                                                            {FaultPoint::kGroupMake, ENOSPC},
                                                                            {FaultPoint::kClassidWrite, EACCES},
                                                                            {FaultPoint::kGroupRemove, EBUSY},
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
  switch (node_.pick(8)) {
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
      with_engine([this](Engine& engine) { engine.work(node_.pick(4)); });
  }
}

template <typename Call>
bool Simulation::with_engine(const Call& call) {
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
  engine_ = std::make_unique<Engine>(node_.world.host(), engine_options(), counters_);
  with_engine([this](Engine& engine) {
    engine.set_policy(policy_);
    engine.recover();
    engine.look_into_spool();
    engine.take_up_spool(1 + node_.pick(3));
    has_swept_ = engine.sweep(SweepCause::kStartup).has_value();
  });
}

void Simulation::stop_engine() {
  engine_.reset();
  node_.world.lose_listener();
}

void Simulation::pass_second() {
  node_.world.pass(std::chrono::seconds{1});
  with_engine([this](Engine& engine) {
    for (const Pid pid : node_.world.take_exits()) engine.on_exit(pid);
    engine.look_into_spool();
    engine.keep_unkept();
    if (!has_swept_) has_swept_ = engine.sweep(SweepCause::kStartup).has_value();
    engine.forget_ended();
    engine.work(0);
    if (node_.world.is_silent()) {  // the canary is missed
      node_.world.set_silent(false);
      engine.distrust_events();
    }
    engine.tick();
  });
}

// What waits in the spool asked for a class that the policy of its time knew.
void Simulation::change_policy() {
  if (!node_.world.spool().empty()) return;
  policy_.classes.insert_or_assign(kClassName, gold(1 + node_.pick(3)));
  with_engine([this](Engine& engine) { engine.set_policy(policy_); });
}

void Simulation::start_container() {
  const bool is_again = !node_.ended_ids.empty() && node_.one_in(6);  // podman restarts under the same id
  const std::string id =
      is_again ? node_.ended_ids[node_.pick(node_.ended_ids.size())] : "c" + std::to_string(++last_container_);
  if (node_.is_in_use(id)) return;
  const bool is_explicit = !node_.one_in(4);
  const ClassId own = *ClassId::from_raw(0x20'0000U + static_cast<std::uint32_t>(last_container_));
  run_hook(node_.make_container(id, is_explicit ? own : policy_.classes.at(kClassName)), is_explicit);
}

void Simulation::run_hook(const SimContainer& container, bool is_explicit) {
  RegisterRequest request;
  request.pid = container.init;
  request.start_time = node_.world.process(container.init).start_time;
  request.annotations[is_explicit ? kClassIdAnnotation : kClassAnnotation] =
      is_explicit ? to_string(container.classid) : kClassName;
  request.source = RegistrationSource::kHook;
  bool is_placed = true;
  node_.set_starting(container.id);
  for (std::uint64_t times = 1 + node_.pick(2); times > 0; --times) {  // prestart, perhaps createRuntime too
    const Answer answer = ask_agent(container, request);
    if (answer == Answer::kNotNow) fall_back(container, request, is_explicit);
    is_placed = answer == Answer::kDone || is_explicit;
  }
  // init is in its class before it runs its first instruction.
  node_.set_starting("");
  if (is_placed && node_.is_init_alive(container)) fail(check_process(node_, container.init));
}

Simulation::Answer Simulation::ask_agent(const SimContainer& container, const RegisterRequest& request) {
  Answer answer = Answer::kNotNow;
  with_engine([&](Engine& engine) {
    const auto told = engine.register_container(*ContainerId::parse(container.id), request);
    if (told) {
      answer = Answer::kDone;
      if (!told->not_kept_because.empty()) node_.world.leave_in_spool({*ContainerId::parse(container.id), request});
    } else if (told.error().code() != ErrorCode::kSystem && told.error().code() != ErrorCode::kUnavailable) {
      answer = Answer::kRefused;
      if (node_.is_init_alive(container)) fail("registration refused: " + told.error().message());
    }
  });
  return answer;
}

// As the hook does (hook/hook.cpp): the spool first, then init itself if it knows the class.
void Simulation::fall_back(const SimContainer& container, const RegisterRequest& request, bool is_explicit) {
  FakeHost& world = node_.world;
  node_.trace.note("hook falls back", container.init, container.id);
  world.leave_in_spool({*ContainerId::parse(container.id), request});
  if (!is_explicit || !node_.is_init_alive(container)) return;
  const std::string at = world.process(container.init).net_cls.substr(1);
  if (!at.empty() && world.count_in(at) == 1) {  // alone in a group: the runtime made it, or the agent did
    world.set_group_by_hand(at, container.classid.raw());
    if (at != "netclsd/" + container.id) node_.ask_for_audit();
    return;
  }
  if (!world.groups().contains("netclsd")) world.set_group_by_hand("netclsd", 0);
  world.set_group_by_hand("netclsd/" + container.id, container.classid.raw());
  world.move_by_hand(container.init, "netclsd/" + container.id);
}

void Simulation::end_container() {
  const SimContainer* any = node_.any_container();
  if (any == nullptr) return;
  const SimContainer container = *any;
  if (container.shares_pid_namespace && !node_.world.spool().empty()) pass_second();
  if (node_.one_in(4)) hint_release(container.id);  // an early hint changes nothing
  node_.end(container, [this] {
    if (node_.one_in(3)) with_engine([](Engine& engine) { engine.work(1); });
  });
  if (container.shares_pid_namespace && node_.one_in(2)) {
    for (const Pid pid : node_.world.owned_by(container.id)) node_.world.exit(pid);
  }
  if (node_.one_in(2)) hint_release(container.id);
  if (node_.one_in(8)) hint_release(container.id);
  node_.forget_ended();
}

void Simulation::hint_release(const std::string& id) {
  with_engine([&](Engine& engine) { static_cast<void>(engine.release(*ContainerId::parse(id), false)); });
}

void Simulation::quiesce() {
  bool is_quiet = false;
  while (!is_quiet) {
    if (!engine_) start_engine();
    is_quiet = with_engine([this](Engine& engine) {
      while (engine.work(1'000) || node_.world.has_events()) {
      }
    });
    pass_second();
    is_quiet &= with_engine([this](Engine& engine) {
      while (engine.work(1'000) || node_.world.has_events()) {
      }
    });
  }
}

void Simulation::check() {
  if (!failure_.empty()) return;
  const auto interleave = std::exchange(node_.world.interleave, [](std::optional<Pid>) {});
  node_.faults.disarm();
  node_.world.drop_next(0);
  quiesce();
  if (node_.faults.take_failed()) node_.world.problems.clear();
  const bool has_lost_by_fault = node_.faults.take_needs_sweep();  // both are asked: asking takes them back
  const bool needs_audit = node_.take_needs_audit();
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
  if (!again || again->strays > 0 || node_.world.moves() != moves_before) fail("sweeping again finds something to do");
  fail(check_leftovers(node_));
  fail(check_counters(node_, counters_));
  if (!node_.world.problems.empty()) fail("reported: " + node_.world.problems.front());
  node_.world.interleave = interleave;
}

void Simulation::fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

}  // namespace netclsd
