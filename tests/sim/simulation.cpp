#include "tests/sim/simulation.h"

namespace netclsd {
namespace {

constexpr Pid kShim{FakeHost::kInit};  // runtimes' shims are the host's processes

EngineOptions options() {
  return {.self = FakeHost::kAgent, .mount_point = "/net_cls", .place = {.mount_root = "/", .parent = "netclsd"}};
}

}  // namespace

Simulation::Simulation(std::uint64_t seed) : random_(seed) { start_engine(); }

std::string Simulation::run(int steps) {
  world_.interleave = [this] { disturb(); };
  for (int i = 0; i < steps && failure_.empty(); ++i) {
    step();
    if (pick(8) == 0) failure_ = check();
  }
  if (failure_.empty()) failure_ = check();
  while (failure_.empty() && !containers_.empty()) end_container();
  if (failure_.empty()) failure_ = check();
  if (failure_.empty() && !world_.kept().empty()) failure_ = "a registration outlives its container";
  if (failure_.empty() && world_.groups().size() > 2) failure_ = "a group outlives its container";
  return failure_;
}

void Simulation::step() {
  if (world_.is_full()) return end_container();
  switch (pick(20)) {
    case 0:
    case 1: return start_container();
    case 2:
    case 3: return enter_container();
    case 4: return end_container();
    case 5: return pick(4) == 0 ? restart_engine() : host_life();
    case 6: return pick(4) == 0 ? start_while_agent_is_away() : host_life();
    case 7: return host_life();
    case 8:
    case 9: return exec_inside();
    case 10:
    case 11: return exit_inside();
    case 12: return pick(2) == 0 ? quiesce() : engine_->forget_ended();
    case 13: engine_->work(pick(3)); return;
    default: return fork_inside();
  }
}

void Simulation::start_engine() {
  engine_ = std::make_unique<Engine>(world_.host(), options(), counters_);
  engine_->recover();
  if (!engine_->sweep(SweepCause::kStartup)) failure_ = "the start-up sweep failed";
  engine_->take_up_spool();
}

void Simulation::restart_engine() {
  engine_.reset();
  world_.lose_listener();
  for (std::uint64_t i = pick(6); i > 0; --i) pick(2) == 0 ? fork_inside() : exit_inside();
  world_.lose_listener();
  start_engine();
}

Pid Simulation::make_init(const SimContainer& container) {
  const Pid init = world_.fork(kShim);
  world_.process(init).owner = container.id;
  if (container.has_path) world_.move_to(init, "/kubepods/" + container.id);
  world_.exec(init);
  return init;
}

RegisterRequest Simulation::request_for(const SimContainer& container, Pid init) {
  RegisterRequest request;
  request.pid = init;
  request.start_time = world_.process(init).start_time;
  request.annotations[kClassIdAnnotation] = to_string(container.classid);
  request.source = RegistrationSource::kHook;
  return request;
}

void Simulation::start_container() {
  SimContainer container{.id = "c" + std::to_string(++last_container_),
                         .init = {},
                         .init_start = {},
                         .classid = *ClassId::from_raw(0x100000U + static_cast<std::uint32_t>(last_container_)),
                         .has_path = pick(4) != 0};
  container.init = make_init(container);
  container.init_start = world_.process(container.init).start_time;
  containers_.push_back(container);
  const auto id = ContainerId::parse(container.id);
  for (std::uint64_t times = 1 + pick(2); times > 0; --times) {  // prestart, perhaps createRuntime too
    const auto answer = engine_->register_container(*id, request_for(container, container.init));
    if (!answer) failure_ = "registration refused: " + answer.error().message();
  }
  // init is in its class before it runs its first instruction.
  if (failure_.empty()) failure_ = check_process(container.init, world_.process(container.init));
}

// The hook leaves the registration in the spool; init is placed when the agent comes.
void Simulation::start_while_agent_is_away() {
  engine_.reset();
  world_.lose_listener();
  SimContainer container{.id = "c" + std::to_string(++last_container_),
                         .init = {},
                         .init_start = {},
                         .classid = *ClassId::from_raw(0x200000U + static_cast<std::uint32_t>(last_container_)),
                         .has_path = true};
  container.init = make_init(container);
  container.init_start = world_.process(container.init).start_time;
  world_.leave_in_spool({*ContainerId::parse(container.id), request_for(container, container.init)});
  containers_.push_back(container);
  for (std::uint64_t i = pick(4); i > 0; --i) world_.fork(any_process_of(container));
  world_.lose_listener();
  start_engine();
}

// `runc exec`: a child of the shim, in the container's path before it runs, and unknown until its exec.
void Simulation::enter_container() {
  const SimContainer* container = any_container();
  if (container == nullptr || !container->has_path) return;
  const SimContainer entered = *container;
  const Pid entrant = world_.fork(kShim);
  if (pick(4) == 0) engine_->work(1);
  world_.process(entrant).owner = entered.id;
  world_.move_to(entrant, "/kubepods/" + entered.id);
  world_.exec(entrant);
}

void Simulation::fork_inside() {
  const SimContainer* container = any_container();
  if (container == nullptr) return;
  const Pid creator = any_process_of(*container);
  const bool is_placed = world_.process(creator).net_cls != "/";
  if (container->has_path && pick(6) == 0) {
    world_.fork_with_parents_parent(creator);
    needs_audit_ |= !is_placed;  // neither event nor exec tells of it
    return;
  }
  const Pid child = world_.fork(creator);
  if (pick(4) != 0) return;
  world_.fork(child);  // double fork: the one in between ends at once
  world_.exit(child);
}

void Simulation::exec_inside() {
  if (const SimContainer* container = any_container()) world_.exec(any_process_of(*container));
}

void Simulation::exit_inside() {
  const SimContainer* container = any_container();
  if (container == nullptr) return;
  const Pid pid = any_process_of(*container);
  if (pid != container->init) world_.exit(pid);
}

void Simulation::end_container() {
  if (containers_.empty()) return;
  const std::size_t index = pick(containers_.size());
  const SimContainer container = containers_[index];
  containers_.erase(containers_.begin() + static_cast<std::ptrdiff_t>(index));
  const auto id = ContainerId::parse(container.id);
  if (pick(4) == 0) static_cast<void>(engine_->release(*id, false));  // an early hint changes nothing
  world_.exit(container.init);  // the kernel kills the rest of the pid namespace, one after the other
  for (const Pid pid : world_.owned_by(container.id)) {
    if (pick(3) == 0) engine_->work(1);
    world_.exit(pid);
  }
  if (pick(2) == 0) static_cast<void>(engine_->release(*id, false));
}

void Simulation::host_life() {
  const Pid child = world_.fork(FakeHost::kInit);
  if (pick(2) == 0) world_.exec(child);
  const Pid grandchild = world_.fork(child);
  if (pick(2) == 0) world_.exit(child);
  if (pick(4) != 0) world_.exit(grandchild);
  if (world_.is_alive(child) && pick(2) == 0) world_.exit(child);
}

void Simulation::disturb() {
  if (pick(3) != 0 || world_.is_full()) return;
  if (const SimContainer* container = any_container()) world_.fork(any_process_of(*container));
  if (pick(4) == 0) exit_inside();
}

void Simulation::quiesce() {
  while (engine_->work(1'000) || world_.has_events()) {
  }
  for (const Pid pid : world_.take_exits()) engine_->on_exit(pid);
  world_.pass(Engine::kReleaseRetry);
  engine_->tick();
  if (needs_audit_) static_cast<void>(engine_->sweep(SweepCause::kAudit));
  needs_audit_ = false;
  while (engine_->work(1'000) || world_.has_events()) {
  }
}

std::string Simulation::check() {
  world_.interleave = [] {};
  quiesce();
  for (const auto& [pid, process] : world_.all()) {
    if (auto wrong = check_process(pid, process); !wrong.empty()) return wrong;
  }
  const std::size_t moves_before = world_.moves();
  const auto again = engine_->sweep(SweepCause::kRequest);
  if (!again || again->strays > 0 || world_.moves() != moves_before) return "sweeping again finds something to do";
  if (world_.kept().size() != containers_.size()) {
    return std::to_string(containers_.size()) + " containers, but " + std::to_string(world_.kept().size()) + " kept";
  }
  world_.interleave = [this] { disturb(); };
  return world_.problems.empty() ? "" : "reported: " + world_.problems.front();
}

std::string Simulation::check_process(Pid pid, const FakeProcess& process) const {
  const auto classid = world_.class_of(process.net_cls);
  if (!process.owner) {
    return process.net_cls == "/" ? "" : "host process " + to_string(pid) + " is in " + process.net_cls;
  }
  for (const SimContainer& container : containers_) {
    if (container.id != *process.owner) continue;
    if (classid == container.classid.raw()) return "";
    return "process " + to_string(pid) + " of " + container.id + " is in " + process.net_cls;
  }
  return "process " + to_string(pid) + " outlives its container " + *process.owner;
}

Simulation::SimContainer* Simulation::any_container() {
  return containers_.empty() ? nullptr : &containers_[pick(containers_.size())];
}

Pid Simulation::any_process_of(const SimContainer& container) {
  const auto pids = world_.owned_by(container.id);
  return pids.empty() ? container.init : pids[pick(pids.size())];
}

}  // namespace netclsd
