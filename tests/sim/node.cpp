#include "tests/sim/node.h"

#include <algorithm>

namespace netclsd {
namespace {

std::string group_of(const std::string& id) { return "netclsd/" + id; }

}  // namespace

void Node::fork_inside() {
  const SimContainer* container = any_container();
  if (container == nullptr || world.is_full()) return;
  const auto creator = any_process_of(*container);
  if (!creator || !can_fork(*creator)) return;
  if (one_in(6)) return fork_with_parents_parent(*container, *creator);
  const Pid child = world.fork(*creator);
  if (!one_in(4)) return;
  world.fork(child);  // double fork: the one in between ends at once
  world.exit(child);
}

// The kernel refuses it to the init of a pid namespace. Without a path of its own, the child of a process whose parent
// is a stranger could be known to nobody.
void Node::fork_with_parents_parent(const SimContainer& container, Pid creator) {
  if (creator == container.init && !container.shares_pid_namespace) return;
  const Pid parent = world.process(creator).parent;
  const bool stays_inside = world.is_alive(parent) && world.process(parent).owner == container.id;
  if (!container.has_own_path && !stays_inside) return;
  world.fork_with_parents_parent(creator);
  if (!is_in_its_class(creator) || !stays_inside) ask_for_audit();
}

void Node::exec_inside() {
  const SimContainer* container = any_container();
  const auto pid = container == nullptr ? std::nullopt : any_process_of(*container);
  if (pid) world.exec(*pid);
}

void Node::exit_inside() {
  const SimContainer* container = any_container();
  const auto pid = container == nullptr ? std::nullopt : any_process_of(*container);
  if (!pid) return;
  for (const SimContainer& other : containers) {
    if (other.init == *pid) return;
  }
  world.exit(*pid);
}

void Node::enter() {
  const SimContainer* container = any_container();
  if (container == nullptr || !container->has_own_path || world.is_full()) return;
  if (!is_init_alive(*container)) return;
  if (container->id == starting_ || !is_known(*container)) return;
  // Unheard, and then its init ends: nothing tells that the container still has a process (docs/reliability.md).
  if (container->shares_pid_namespace && world.is_silent()) return;
  for (const SimContainer* outer = find(container->outer); outer != nullptr; outer = find(outer->outer)) {
    if (!world.kept().contains(*ContainerId::parse(outer->id))) return;
  }
  const Pid entrant = world.fork(kShim);
  FakeProcess& process = world.process(entrant);
  const FakeProcess& init = world.process(container->init);
  process.owner = container->id;
  process.unified = container->unified;
  process.reaper = init.reaper;
  process.pid_namespace = init.pid_namespace;
  world.exec(entrant);
}

void Node::host_life() {
  if (world.is_full()) return;
  const Pid child = world.fork(FakeHost::kInit);
  if (one_in(2)) world.exec(child);
  const Pid grandchild = world.fork(child);
  if (one_in(2)) world.exit(child);
  if (!one_in(4)) world.exit(grandchild);
  if (world.is_alive(child) && one_in(2)) world.exit(child);
}

void Node::host_storm(int processes) {
  for (int i = 0; i < processes; ++i) {
    const Pid child = world.fork(FakeHost::kInit);
    if (one_in(3)) world.exec(child);
    world.exit(child);
  }
}

SimContainer Node::make_container(const std::string& id, ClassId classid) {
  SimContainer container{.id = id, .init = {}, .classid = classid, .outer = ""};
  const SimContainer* outer = choose_outer();
  const auto creator = outer == nullptr ? std::nullopt : any_process_of(*outer);  // as alive as its init
  if (creator) container.outer = outer->id;
  choose_path(container, creator ? outer : nullptr);
  container.init = world.fork(creator.value_or(kShim));
  FakeProcess& init = world.process(container.init);
  init.owner = id;
  init.unified = container.unified;
  if (!container.shares_pid_namespace) {
    init.reaper = container.init;
    init.pid_namespace = 1'000 + static_cast<std::uint64_t>(world.monotonic().count());
  }
  trace.note("container", container.init,
             id + " in " + container.unified + (container.outer.empty() ? "" : " inside " + container.outer) +
                 (container.shares_pid_namespace ? ", hostPID" : ""));
  world.exec(container.init);
  containers.push_back(container);
  return container;
}

const SimContainer* Node::choose_outer() {
  const SimContainer* outer = one_in(4) ? any_container() : nullptr;
  if (outer == nullptr || depth_of(*outer) >= kNestingMax) return nullptr;
  return is_init_alive(*outer) && can_fork(outer->init) ? outer : nullptr;
}

void Node::choose_path(SimContainer& container, const SimContainer* outer) {
  const bool has_outer_path = outer != nullptr && outer->has_own_path;
  const bool shares_path = one_in(4);
  container.unified = (has_outer_path ? outer->unified : "/kubepods") + "/" + container.id;
  if (shares_path) {
    container.unified = outer == nullptr ? "/" : outer->unified;
    container.has_own_path = false;
  } else {
    container.shares_pid_namespace = one_in(5);
  }
}

void Node::end(const SimContainer& container, const std::function<void()>& between) {
  if (!is_init_alive(container)) {
    for (const Pid pid : world.owned_by(container.id)) world.exit(pid);
    return;
  }
  std::vector<std::pair<Pid, StartTime>> to_end{{container.init, world.process(container.init).start_time}};
  if (!container.shares_pid_namespace) {
    for (const auto& [pid, process] : world.all()) {
      const SimContainer* owner = process.owner ? find(*process.owner) : nullptr;
      if (owner && pid != container.init && is_inside(*owner, container.id))
        to_end.emplace_back(pid, process.start_time);
    }
  }
  for (const auto& [pid, start_time] : to_end) {
    if (world.is_alive(pid) && world.process(pid).start_time == start_time) world.exit(pid);
    between();
  }
}

void Node::forget_ended() {
  std::erase_if(containers, [&](const SimContainer& container) {
    if (!world.owned_by(container.id).empty()) return false;
    ended_ids.push_back(container.id);
    return true;
  });
}

void Node::edit_by_hand() {
  const SimContainer* container = any_container();
  if (container == nullptr || !world.groups().contains(group_of(container->id))) return;
  if (container->shares_pid_namespace) return;  // it may outlive its init: then an empty group is its end
  ask_for_audit();
  ++faults.counts.hand_edits;
  trace.note("edited by hand", container->init, container->id);
  switch (pick(3)) {
    case 0:
      return world.remove_group_by_hand(group_of(container->id));
    case 1:
      return world.set_group_by_hand(group_of(container->id), static_cast<std::uint32_t>(pick(3)));
    default:
      if (const auto pid = any_process_of(*container)) world.move_by_hand(*pid, "");
  }
}

void Node::disturb(std::optional<Pid> target) {
  if (!one_in(target ? 3 : 64) || world.is_full()) return;
  if (one_in(4)) exit_inside();
  if (target && one_in(8) && world.is_alive(*target) && world.process(*target).reaper != *target) {
    const SimContainer* owner = world.process(*target).owner ? find(*world.process(*target).owner) : nullptr;
    world.exit(*target);
    // After a crash between write and check only a path of the container's own tells who is a stranger in its group.
    const bool can_tell = owner != nullptr && (owner->has_own_path || !faults.is_crash_armed());
    // While init's hook runs, its parent, the runtime, does not reap it: the number stays taken.
    const bool is_reaped = owner != nullptr && owner->id != starting_;
    if (can_tell && is_reaped && one_in(2)) {
      world.reuse(*target);
      ask_for_audit();
    }
  }
  fork_inside();
}

const SimContainer* Node::find(const std::string& id) const {
  const auto found =
      std::find_if(containers.begin(), containers.end(), [&](const auto& each) { return each.id == id; });
  return found == containers.end() ? nullptr : &*found;
}

bool Node::is_in_use(const std::string& id) const {
  return std::any_of(containers.begin(), containers.end(), [&](const SimContainer& each) {
    return each.id == id || each.outer == id || (each.unified + "/").find("/" + id + "/") != std::string::npos;
  });
}

const SimContainer* Node::any_container() {
  return containers.empty() ? nullptr : &containers[pick(containers.size())];
}

std::optional<Pid> Node::any_process_of(const SimContainer& container) {
  const auto pids = world.owned_by(container.id);
  return pids.empty() ? std::nullopt : std::optional(pids[pick(pids.size())]);
}

bool Node::is_in_its_class(Pid pid) const {
  const FakeProcess& process = world.all().at(pid);
  const SimContainer* container = process.owner ? find(*process.owner) : nullptr;
  if (container == nullptr || !container->is_managed) return process.net_cls == "/";
  return process.net_cls == "/" + group_of(container->id) &&
         world.class_of(process.net_cls) == container->classid.raw();
}

// Of a container without a path or a pid namespace of its own nothing tells who left it before it was registered.
bool Node::is_known(const SimContainer& container) const {
  const auto kept = world.kept().find(*ContainerId::parse(container.id));
  return !container.shares_pid_namespace || (kept != world.kept().end() && kept->second.init.pid == container.init);
}

// When the init of a pid namespace ends, the kernel kills its processes and those of the namespaces inside it in one
// step, and a process with a fatal signal cannot fork.
bool Node::can_fork(Pid creator) const {
  const SimContainer* container = find(*world.all().at(creator).owner);
  if (container == nullptr || container->id == starting_ || !is_known(*container)) return false;
  for (const SimContainer* each = container; each != nullptr; each = find(each->outer)) {
    if (!each->shares_pid_namespace && !is_init_alive(*each)) return false;
  }
  return true;
}

bool Node::is_init_alive(const SimContainer& container) const {
  return world.is_alive(container.init) && world.all().at(container.init).owner == container.id;
}

int Node::depth_of(const SimContainer& container) const {
  const SimContainer* outer = find(container.outer);
  return outer == nullptr ? 1 : 1 + depth_of(*outer);
}

bool Node::is_inside(const SimContainer& inner, const std::string& outer) const {
  if (inner.id == outer) return true;
  const SimContainer* next = find(inner.outer);
  return next != nullptr && is_inside(*next, outer);
}

}  // namespace netclsd
