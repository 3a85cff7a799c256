#include "agent/engine/registrar.h"

#include <algorithm>
#include <cerrno>

#include "agent/engine/snapshot.h"
#include "common/base/fault_point.h"

namespace netclsd {
namespace {

Failure process_gone(Pid pid) {
  return Failure(Error(ErrorCode::kConflict, "pid " + to_string(pid) + " is gone", ESRCH));
}

Failure another_process(Pid pid) {
  return failure(ErrorCode::kConflict,
                 "pid " + to_string(pid) + " is not the process that was seen: its start time differs");
}

}  // namespace

Result<std::optional<Registered>> Registrar::add(const ContainerId& id, const RegisterRequest& request) {
  auto admitted = admission_.admit(id, request);
  if (!admitted) return pass_on(admitted.error());
  Container* known = containers_.find(id);
  if (!*admitted && !known) return std::nullopt;
  if (!*admitted) return Registered{.number = known->number, .is_new = false};  // it keeps the class it has
  auto registered = known ? confirm(*known, request, **admitted) : create(id, request, **admitted);
  if (!registered) return pass_on(registered.error());
  admission_.forget_earlier_refusal(id, **admitted);
  return *registered;
}

Result<Registered> Registrar::confirm(Container& known, const RegisterRequest& request, const Admitted& admitted) {
  const ProcessKey& init = known.registration.init;
  const bool is_same = init.pid == request.pid && (!request.start_time || *request.start_time == init.start_time);
  if (!is_same) {
    return failure(ErrorCode::kConflict,
                   "the container is registered with init pid " + to_string(init.pid) + ", which is alive");
  }
  if (auto changed = reclassify(known, admitted); !changed) return pass_on(changed.error());
  return Registered{.number = known.number, .is_new = false};
}

Result<void> Registrar::reclassify(Container& known, const Admitted& admitted) {
  Registration changed = known.registration;
  changed.classid = admitted.resolved.classid;
  changed.class_name = admitted.resolved.name;
  changed.class_origin = admitted.resolved.origin;
  changed.policy_rule = admitted.resolved.rule;
  changed.refused_because.clear();
  if (!changed.pod_namespace) {  // whose it is never changes, but an older version did not keep it
    changed.pod_namespace = admitted.pod.pod_namespace;
    changed.pod = admitted.pod.pod;
  }
  if (changed == known.registration) return {};
  if (auto written = host_.net_cls.set_classid(changed.directory, changed.classid.raw()); !written) return written;
  containers_.change(known.number, changed);
  keep(changed);
  return {};
}

// A registration that cannot be written down holds all the same, until this agent ends.
void Registrar::keep(const Registration& registration) {
  const auto saved = save(registration);
  if (saved) {
    unkept_.erase(registration.id);
    if (unkept_.empty()) not_kept_because_.clear();
    return;
  }
  unkept_.insert(registration.id);
  not_kept_because_ = "registrations cannot be kept: " + saved.error().message();
  host_.reporter.problem("registration_not_kept", registration.id.text(), saved.error());
}

Result<void> Registrar::save(const Registration& registration) {
  if (const auto fault = fault_at(FaultPoint::kRegisterKeep)) return system_failure(*fault, "keep the registration");
  return host_.store.save(registration);
}

void Registrar::keep_unkept() {
  for (const ContainerId& id : std::set(unkept_)) {
    const Container* container = containers_.find(id);
    if (container != nullptr) keep(container->registration);
    if (container == nullptr) unkept_.erase(id);
  }
  if (unkept_.empty()) not_kept_because_.clear();
}

Result<ProcessFacts> Registrar::find_process(const RegisterRequest& request) {
  auto process = host_.processes.facts(request.pid);
  if (!process) return process_gone(request.pid);
  if (request.start_time && *request.start_time != process->start_time) return another_process(request.pid);
  return std::move(*process);
}

Result<ProcessFacts> Registrar::identify(const RegisterRequest& request) {
  if (const auto fault = fault_at(FaultPoint::kRegisterIdentify)) return system_failure(*fault, "look at init");
  auto init = find_process(request);
  if (!init) return init;
  // The number of an init that has ended may be given away before its last process ends.
  const Container* other = containers_.find_by_init(request.pid);
  if (other != nullptr && !other->has_init_ended) {
    return failure(ErrorCode::kConflict,
                   "pid " + to_string(request.pid) + " is the init of container " + other->registration.id.text());
  }
  return init;
}

Result<Registered> Registrar::create(const ContainerId& id, const RegisterRequest& request, const Admitted& admitted) {
  if (containers_.size() >= Containers::kContainersMax) {
    return failure(ErrorCode::kUnavailable, std::to_string(Containers::kContainersMax) + " containers are registered");
  }
  auto init = identify(request);
  if (!init) return pass_on(init.error());
  init->namespaces = host_.processes.namespaces(init->pid);
  const ProcessFacts agent = facts_of_agent();
  const auto snapshot = look_around(request, *init, agent);
  if (!snapshot) return pass_on(snapshot.error());
  const GroupChoice group = choose_group(id.text(), *init, *snapshot, agent, containers_.claims(), options_.place);
  Registration registration{.id = id,
                            .init = {init->pid, init->start_time},
                            .classid = admitted.resolved.classid,
                            .class_name = admitted.resolved.name,
                            .class_origin = admitted.resolved.origin,
                            .source = request.source,
                            .directory = group.directory,
                            .is_adopted = group.is_adopted,
                            .membership = choose_membership_path(*init, *snapshot, agent),
                            .registered_at = host_.clock.wall(),
                            .pod_namespace = admitted.pod.pod_namespace,
                            .pod = admitted.pod.pod,
                            .policy_rule = admitted.resolved.rule,
                            .refused_because = admitted.refused_because};
  const auto outer = owner_of(init->pid, *snapshot);
  return settle(containers_.add(std::move(registration), outer), *init, *snapshot);
}

// Nothing is drained meanwhile: no fork of init can be overlooked.
Result<Snapshot> Registrar::look_around(const RegisterRequest& request, const ProcessFacts& init,
                                        const ProcessFacts& agent) {
  // The hook runs before init's first instruction. Whoever else registers a process, it may have children anywhere.
  if (request.source == RegistrationSource::kHook) {
    if (auto near = look_near(init, agent)) return std::move(*near);
  }
  auto all = take_snapshot(host_.processes);
  if (all) note_namespaces(*all, init);
  return all;
}

// std::nullopt: that does not tell init's membership path.
std::optional<Snapshot> Registrar::look_near(const ProcessFacts& init, const ProcessFacts& agent) {
  auto around = take_neighbourhood(host_.processes, host_.cgroups, init);
  if (!around) return std::nullopt;
  ProcessFacts seen = init;
  seen.cgroups = std::move(around->paths);
  note_namespaces(around->processes, seen);
  // The first that will do is chosen, so what comes behind it does not matter.
  const bool is_enough = around->is_complete || choose_membership_path(seen, around->processes, agent);
  return is_enough ? std::optional(std::move(around->processes)) : std::nullopt;
}

ProcessFacts Registrar::facts_of_agent() {
  auto agent = host_.processes.facts(options_.self).value_or(ProcessFacts{});
  agent.namespaces = host_.processes.namespaces(options_.self);
  return agent;
}

// Of those that share a path with init: nobody else's matters, and each costs a system call.
void Registrar::note_namespaces(Snapshot& snapshot, const ProcessFacts& init) {
  for (ProcessFacts& process : snapshot) {
    const bool shares_path =
        std::any_of(init.cgroups.entries.begin(), init.cgroups.entries.end(), [&](const CgroupEntry& entry) {
          const std::string* path = process.cgroups.find(entry.hierarchy);
          return path != nullptr && entry.path != "/" && is_within(*path, entry.path);
        });
    if (shares_path) process.namespaces = host_.processes.namespaces(process.pid);
  }
}

Result<Registered> Registrar::settle(ContainerNumber number, const ProcessFacts& init, const Snapshot& snapshot) {
  auto placed = place_init(number, init);
  if (!placed) {
    undo(number);
    return pass_on(placed.error());
  }
  enclose(number, snapshot);
  take_over_members(number, snapshot);
  const Registration& registration = containers_.find(number)->registration;
  keep(registration);
  host_.reporter.registered(registration);
  return Registered{.number = number, .is_new = true};
}

Result<void> Registrar::place_init(ContainerNumber number, const ProcessFacts& init) {
  const Registration registration = containers_.find(number)->registration;
  const std::string* path = init.cgroups.net_cls();
  const auto directory = path ? relative_path(options_.place.mount_root, *path) : std::nullopt;
  const bool is_in_group = registration.is_adopted || directory == registration.directory;
  if (const auto fault = fault_at(FaultPoint::kRegisterGroup)) return system_failure(*fault, "prepare its group");
  if (!registration.is_adopted) {
    if (auto made = host_.net_cls.make(registration.directory); !made) return made;
  }
  // The class first: nobody is ever seen in the group without it.
  const auto classid = host_.net_cls.classid(registration.directory);
  if (!classid || *classid != registration.classid.raw()) {
    auto written = host_.net_cls.set_classid(registration.directory, registration.classid.raw());
    if (!written) return written;
  }
  if (const auto fault = fault_at(FaultPoint::kRegisterPlace)) return system_failure(*fault, "place init");
  const MonotonicTime now = host_.clock.monotonic();
  tracker_.put(init.pid, {number, init.start_time, now, is_in_group ? now : kNotPlaced, JoinCause::kRegister});
  if (!is_in_group) {
    auto moved = mover_.place(init.pid, number, {init.pid, JoinCause::kRegister, now});
    if (!moved) return pass_on(moved.error());
  }
  if (const auto fault = fault_at(FaultPoint::kRegisterWatch)) return system_failure(*fault, "watch init");
  const auto watched = host_.exits.watch(init.pid);
  if (!watched) return pass_on(watched.error());
  const auto seen = host_.processes.facts(init.pid);
  if (!*watched || !seen || seen->start_time != init.start_time || !seen->cgroups.net_cls())
    return process_gone(init.pid);
  containers_.set_group_path(number, *seen->cgroups.net_cls());
  return {};
}

// Containers inside of this one may have been registered before it, from a hook that was answered sooner.
void Registrar::enclose(ContainerNumber number, const Snapshot& snapshot) {
  const Container& outer = *containers_.find(number);
  std::vector<Pid> inits;
  for (const ProcessFacts& process : snapshot) {
    const Container* other = containers_.find_by_init(process.pid);
    if (other == nullptr || other->number == number || other->outer != outer.outer) continue;
    if (other->registration.init.start_time == process.start_time) inits.push_back(process.pid);
  }
  const Registration& registration = outer.registration;
  for (const Pid init : find_inside(inits, registration.init.pid, registration.membership, snapshot)) {
    containers_.set_outer(containers_.find_by_init(init)->number, number);
  }
}

void Registrar::take_over_members(ContainerNumber number, const Snapshot& snapshot) {
  const MonotonicTime now = host_.clock.monotonic();
  const Pid init = containers_.find(number)->registration.init.pid;
  for (const Member& member : find_members(snapshot, containers_.inits(), containers_.claims(), tracker_)) {
    if (member.container != number || member.pid == init) continue;
    tracker_.put(member.pid,
                 {number, member.start_time, now, member.is_placed ? now : kNotPlaced, JoinCause::kRegister});
    // A full queue only delays it: the next sweep finds the process.
    if (!member.is_placed) static_cast<void>(mover_.enqueue({member.pid, JoinCause::kRegister, now}));
  }
}

std::optional<ContainerNumber> Registrar::owner_of(Pid pid, const Snapshot& snapshot) const {
  for (const Member& member : find_members(snapshot, containers_.inits(), containers_.claims(), tracker_)) {
    if (member.pid == pid) return member.container;
  }
  return std::nullopt;
}

void Registrar::undo(ContainerNumber number) {
  host_.exits.forget(containers_.find(number)->registration.init.pid);
  tracker_.forget_container(number);
  containers_.remove(number);
}

}  // namespace netclsd
