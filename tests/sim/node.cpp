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
  if (world.process(*creator).keeps_leaving) ask_for_audit();  // it may be in or out, and so is what it forks
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
  // An orphan that an init was given makes that init the parent of its own child: its event is that of init's.
  if (!stays_inside && owner_of_init(parent) != nullptr) return;
  world.fork_with_parents_parent(creator);
  // While it is being registered init may be placed, and the creator not yet.
  if (!is_in_its_class(creator) || !stays_inside || !container.is_managed) ask_for_audit();
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
  if (!is_init_alive(*container) || !is_namespace_alive(world.process(container->init))) return;
  if (container->id == starting_ || !is_known(*container)) return;
  for (const SimContainer* outer = find(container->outer); outer != nullptr; outer = find(outer->outer)) {
    if (!world.kept().contains(*ContainerId::parse(outer->id))) return;
  }
  const Pid entrant = world.fork(choose_entrants_parent(*container));
  FakeProcess& process = world.process(entrant);
  const FakeProcess& init = world.process(container->init);
  process.owner = container->id;
  process.unified = container->unified;
  process.reaper = init.reaper;
  process.pid_namespace = init.pid_namespace;
  process.came_from_another = process.parent != kShim;
  put_into_runtimes_group(*container, entrant);
  world.exec(entrant);
}

// Mostly a shim of the host; or a member of another container that starts containers, such as a CI runner's.
Pid Node::choose_entrants_parent(const SimContainer& container) {
  const SimContainer* other = container.is_managed && one_in(4) ? any_container() : nullptr;
  if (other == nullptr || other->id == container.id) return kShim;
  // From inside of it nobody enters by a path: the nearest registration has it already. One in between may have ended.
  if (is_inside(*other, container.id) || is_within(other->unified, container.unified)) return kShim;
  const auto creator = any_process_of(*other);
  // One that has only just entered there may be known as a member of where it came from.
  return creator && can_fork(*creator) && !world.process(*creator).came_from_another ? *creator : kShim;
}

void Node::put_into_runtimes_group(const SimContainer& container, Pid pid) {
  if (!container.group.empty() && world.groups().contains(container.group)) world.move_by_hand(pid, container.group);
}

void Node::exit_leader_inside() {
  const SimContainer* container = any_container();
  const auto pid = container == nullptr ? std::nullopt : any_process_of(*container);
  if (pid && container->id != starting_) world.exit_leader(*pid);
}

void Node::join_pid_namespace(const std::string& id) {
  const SimContainer* target = any_container();
  if (target == nullptr || target->shares_pid_namespace || target->id == starting_ || world.is_full()) return;
  // Else nothing tells its orphans from init's children.
  if (!is_init_alive(*target) || !target->has_own_path || !world.kept().contains(*ContainerId::parse(target->id)))
    return;
  SimContainer joiner{.id = id, .init = {}, .outer = ""};
  joiner.is_managed = false;
  joiner.shares_pid_namespace = true;
  joiner.unified = "/kubepods/" + id;
  joiner.init = world.fork(kShim);
  FakeProcess& process = world.process(joiner.init);
  process.owner = id;
  process.unified = joiner.unified;
  process.reaper = target->init;
  process.pid_namespace = world.process(target->init).pid_namespace;
  trace.note("joins the pid namespace", joiner.init, id + " that of " + target->id);
  world.exec(joiner.init);
  containers.push_back(joiner);
}

void Node::make_subgroup() {
  const SimContainer* container = any_container();
  const auto pid = container == nullptr ? std::nullopt : any_process_of(*container);
  if (!pid || container->id == starting_) return;
  const std::string at = world.process(*pid).net_cls.substr(1);
  if (!is_among("/" + at, *container) || at.ends_with("/sub")) return;
  trace.note("subgroup", *pid, at + "/sub");
  world.make_group_by_hand(at + "/sub");
  world.move_by_hand(*pid, at + "/sub");
  if (!one_in(4)) return;
  world.set_group_by_hand(at + "/sub", static_cast<std::uint32_t>(container->is_managed ? pick(3) : 0));
  ask_for_audit();
}

void Node::start_leaving() {
  const SimContainer* container = any_container();
  const auto pid = container == nullptr ? std::nullopt : any_process_of(*container);
  if (!pid || !container->is_managed || container->id == starting_ || leavers() > 0) return;
  trace.note("keeps leaving", *pid);
  world.process(*pid).keeps_leaving = true;
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

SimContainer Node::make_container(const std::string& id, ClassId classid, bool is_late) {
  SimContainer container{.id = id, .init = {}, .classid = classid, .outer = ""};
  const SimContainer* outer = is_late ? nullptr : choose_outer();
  const auto creator = outer == nullptr ? std::nullopt : any_process_of(*outer);  // as alive as its init
  if (creator) container.outer = outer->id;
  choose_path(container, creator ? outer : nullptr, is_late);
  container.is_managed = !is_late;
  container.is_late = is_late;
  container.init = world.fork(creator.value_or(kShim));
  FakeProcess& init = world.process(container.init);
  init.owner = id;
  init.unified = container.unified;
  if (!container.shares_pid_namespace) {
    init.reaper = container.init;
    init.pid_namespace = 1'000 + static_cast<std::uint64_t>(world.monotonic().count());
  }
  if (is_net_cls_the_runtimes_ && container.has_own_path) {
    container.group = (creator && !outer->group.empty() ? outer->group : "kubepods") + "/" + id;
    world.make_group_by_hand(container.group);
  }
  put_into_runtimes_group(container, container.init);
  trace.note("container", container.init,
             id + " in " + container.unified + (container.outer.empty() ? "" : " inside " + container.outer) +
                 (container.shares_pid_namespace ? ", hostPID" : "") + (is_late ? ", late" : ""));
  world.exec(container.init);
  containers.push_back(container);
  return container;
}

SimContainer* Node::any_late() {
  std::vector<SimContainer*> late;
  for (SimContainer& container : containers) {
    if (container.is_late && !container.is_managed && is_init_alive(container)) late.push_back(&container);
  }
  return late.empty() ? nullptr : late[pick(late.size())];
}

std::vector<std::string> Node::asked_for_in_vain() const {
  std::vector<std::string> ids;
  for (const SimContainer& each : containers) {
    if (each.is_asked_for && is_init_alive(each) && !world.kept().contains(*ContainerId::parse(each.id))) {
      ids.push_back(each.id);
    }
  }
  return ids;
}

const SimContainer* Node::choose_outer() {
  const SimContainer* outer = one_in(4) ? any_container() : nullptr;
  if (outer == nullptr || !outer->is_managed || depth_of(*outer) >= kNestingMax) return nullptr;
  return is_init_alive(*outer) && can_fork(outer->init) ? outer : nullptr;
}

void Node::choose_path(SimContainer& container, const SimContainer* outer, bool is_late) {
  const bool has_outer_path = outer != nullptr && outer->has_own_path;
  const bool shares_path = !is_late && one_in(4);
  container.unified = (has_outer_path ? outer->unified : "/kubepods") + "/" + container.id;
  if (shares_path) {
    container.unified = outer == nullptr ? "/" : outer->unified;
    container.has_own_path = false;
  } else {
    container.shares_pid_namespace = !is_late && one_in(5);
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
      const SimContainer* joined = owner_of_init(process.reaper);
      const bool is_in_namespace =
          (owner && is_inside(*owner, container.id)) || (joined && is_inside(*joined, container.id));
      if (pid != container.init && is_in_namespace) to_end.emplace_back(pid, process.start_time);
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
    const bool is_empty = std::none_of(world.all().begin(), world.all().end(), [&](const auto& process) {
      return is_within(process.second.net_cls, "/" + container.group);
    });
    if (!container.group.empty() && is_empty) world.remove_group_by_hand(container.group);
    ended_ids.push_back(container.id);
    return true;
  });
}

void Node::edit_by_hand() {
  const SimContainer* container = any_container();
  if (container == nullptr || !container->is_managed) return;
  const bool is_adopted = world.groups().contains(container->group) && !container->group.empty();
  const std::string group = is_adopted && one_in(2) ? container->group : group_of(container->id);
  if (!world.groups().contains(group)) return;
  if (container->shares_pid_namespace) return;  // it may outlive its init: then an empty group is its end
  ask_for_audit();
  ++faults.counts.hand_edits;
  trace.note("edited by hand", container->init, group);
  switch (pick(3)) {
    case 0:
      return world.remove_group_by_hand(group);
    case 1:
      return world.set_group_by_hand(group, static_cast<std::uint32_t>(pick(3)));
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
    // After a crash between write and check only a path of the container's own tells that a process is a stranger in
    // its group, and nobody is moved out of the runtime's.
    const bool is_guarded = owner != nullptr && owner->has_own_path && owner->group.empty();
    const bool can_tell = owner != nullptr && (is_guarded || !faults.is_crash_armed());
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

bool Node::is_a_path_looked_for() const {
  return std::any_of(containers.begin(), containers.end(), [&](const SimContainer& each) {
    const auto kept = world.kept().find(*ContainerId::parse(each.id));
    return each.is_late && kept != world.kept().end() && !kept->second.membership && is_init_alive(each);
  });
}

std::size_t Node::leavers() const {
  return static_cast<std::size_t>(std::count_if(world.all().begin(), world.all().end(),
                                                [](const auto& process) { return process.second.keeps_leaving; }));
}

bool Node::is_among(const std::string& net_cls_path, const SimContainer& container) const {
  if (is_within(net_cls_path, "/" + group_of(container.id))) return true;
  return !container.group.empty() && is_within(net_cls_path, "/" + container.group);
}

bool Node::is_in_its_class(Pid pid) const {
  const FakeProcess& process = world.all().at(pid);
  const SimContainer* container = process.owner ? find(*process.owner) : nullptr;
  const auto classid = world.class_of(process.net_cls);
  if (container == nullptr || !container->is_managed) return classid == 0U;
  return is_among(process.net_cls, *container) && classid == container->classid.raw();
}

// Of a container without a path or a pid namespace of its own nothing tells who left it before it was registered.
bool Node::is_known(const SimContainer& container) const {
  const auto kept = world.kept().find(*ContainerId::parse(container.id));
  return !container.is_managed || !container.shares_pid_namespace ||
         (kept != world.kept().end() && kept->second.init.pid == container.init);
}

bool Node::is_namespace_alive(const FakeProcess& process) const {
  return process.pid_namespace == 1 || owner_of_init(process.reaper) != nullptr;
}

const SimContainer* Node::owner_of_init(Pid init) const {
  const auto found = std::find_if(containers.begin(), containers.end(),
                                  [&](const auto& each) { return each.init == init && is_init_alive(each); });
  return found == containers.end() ? nullptr : &*found;
}

// When the init of a pid namespace ends, the kernel kills its processes and those of the namespaces inside it in one
// step, and a process with a fatal signal cannot fork.
bool Node::can_fork(Pid creator) const {
  const SimContainer* container = find(*world.all().at(creator).owner);
  if (container == nullptr || container->id == starting_ || !is_known(*container)) return false;
  if (!is_namespace_alive(world.all().at(creator))) return false;
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
