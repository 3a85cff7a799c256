// What befalls containers in the simulation: their start, by hook or late, and their end.
#include <algorithm>
#include <cerrno>

#include "tests/sim/checks.h"
#include "tests/sim/simulation.h"

namespace netclsd {

void Simulation::start_container() {
  const bool is_again = !node_.ended_ids.empty() && node_.one_in(6);  // podman restarts under the same id
  const std::string id =
      is_again ? node_.ended_ids[node_.pick(node_.ended_ids.size())] : "c" + std::to_string(++last_container_);
  if (node_.is_in_use(id)) return;
  const bool is_explicit = !node_.one_in(4);
  const ClassId own = *ClassId::from_raw(0x20'0000U + static_cast<std::uint32_t>(last_container_));
  const bool is_late = is_explicit && !is_again && node_.one_in(5);
  const SimContainer made = node_.make_container(id, is_explicit ? own : policy_.classes.at(kClassName), is_late);
  if (!is_late) run_hook(made, is_explicit);
}

// By netclsctl, while it runs: it may have children, entrants, groups below its own.
void Simulation::register_late() {
  if (SimContainer* container = node_.any_late()) register_late(container->id);
}

void Simulation::register_late(const std::string& id) {
  const SimContainer container = *node_.find(id);
  RegisterRequest request;
  request.pid = container.init;
  request.annotations[kClassIdAnnotation] = to_string(container.classid);
  node_.trace.note("registered late", container.init, id);
  const bool is_done = ask_agent(container, request) == Answer::kDone;
  for (SimContainer& each : node_.containers) {
    if (each.id != id) continue;
    each.is_asked_for = true;
    // An agent that crashed may have written it down: then the next one finishes what was begun.
    each.is_managed = is_done || node_.world.kept().contains(*ContainerId::parse(id));
  }
}

// No hook and no spool remembers what failed halfway, or was not kept when the agent crashed: people try again.
void Simulation::register_again() {
  for (const std::string& id : node_.asked_for_in_vain()) register_late(id);
}

void Simulation::run_hook(const SimContainer& container, bool is_explicit) {
  RegisterRequest request;
  request.pid = container.init;
  request.start_time = node_.world.process(container.init).start_time;
  request.annotations[is_explicit ? kClassIdAnnotation : kClassAnnotation] =
      is_explicit ? to_string(container.classid) : kClassName;
  request.source = RegistrationSource::kHook;
  bool is_placed = true;
  bool has_fallen_back = false;
  node_.set_starting(container.id);
  for (std::uint64_t times = 1 + node_.pick(2); times > 0; --times) {  // prestart, perhaps createRuntime too
    const Answer answer = ask_agent(container, request);
    if (answer == Answer::kNotNow) fall_back(container, request, is_explicit);
    has_fallen_back |= answer == Answer::kNotNow;
    is_placed = answer == Answer::kDone || is_explicit;
  }
  // init is in its class before it runs its first instruction.
  node_.set_starting("");
  if (!is_placed || !node_.is_init_alive(container)) return;
  if (!has_fallen_back) return fail(check_process(node_, container.init));
  // The hook alone takes any group that init has for itself, also that of the container around it.
  const auto classid = node_.world.class_of(node_.world.process(container.init).net_cls);
  if (classid != container.classid.raw()) fail("a hook that fell back has not placed init of " + container.id);
}

Simulation::Answer Simulation::ask_agent(const SimContainer& container, const RegisterRequest& request) {
  Answer answer = Answer::kNotNow;
  with_engine([&](Engine& engine) {
    auto told = engine.register_container(*ContainerId::parse(container.id), request);
    if (!told && told.error().code() == ErrorCode::kNotMounted) {
      if (node_.world.is_mounted) fail("not mounted: " + told.error().message());
      node_.world.is_mounted = true;
      told = engine.register_container(*ContainerId::parse(container.id), request);
    }
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
  world.is_mounted = true;
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
    if (node_.one_in(3)) with_engine([](Engine& engine) { engine.round(1); });
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
  if (!node_.world.is_unused()) return;
  node_.trace.note("unmounted", {}, id);
  node_.world.unmount();
}

}  // namespace netclsd
