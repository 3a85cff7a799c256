#include "agent/containers/releaser.h"

#include <algorithm>
#include <string>
#include <utility>

#include "agent/placing/snapshot.h"

namespace netclsd {

void Releaser::on_exit(Pid init) {
  const Container* container = containers_.find_by_init(init);
  if (container == nullptr) return;
  check_init(*container);  // the number may be another container's init by now
}

void Releaser::check_inits() {
  for (const Init& init : containers_.targets().inits()) {
    const TrackedProcess* seen = tracker_.find(init.process.pid);
    const bool is_alive = seen != nullptr && seen->target == init.target && seen->start_time == init.process.start_time;
    if (!is_alive) check_init(*containers_.find(init.target));
  }
}

Result<void> Releaser::release(const ContainerId& id, bool force) {
  const Container* container = containers_.find(id);
  if (container == nullptr) return {};
  check_init(*container);
  if (force) {
    if (auto moved = move_out(*container); !moved) return moved;
    static_cast<void>(clean_up(*container));
    forget(*container);
  }
  return {};
}

Result<void> Releaser::make_way(const ContainerId& id, Pid init) {
  on_exit(init);  // the end of the number's last owner may not have been told yet
  const Container* container = containers_.find(id);
  if (container == nullptr) return {};
  check_init(*container);
  if (!container->target.has_init_ended) return {};
  static_cast<void>(remove_group(*container));  // who stays in it is taken over by who comes
  if (auto removed = remove_state(container->id); !removed) return removed;
  forget(*container);
  return {};
}

void Releaser::finish_ended() {
  std::optional<Snapshot> all;
  for (const TargetNumber number : containers_.numbers()) {
    const Container& container = *containers_.find(number);
    if (!container.target.has_init_ended) continue;
    if (has_known_process(container) || has_process_at_path(container, all)) continue;
    if (clean_up(container)) forget(container);
  }
}

// The pidfd's message may still be on its way.
void Releaser::check_init(const Container& container) {
  const ProcessKey init = container.target.init;
  if (host_.processes.start_time(init.pid) == init.start_time) return;
  const auto seen = host_.processes.look_at(init.pid);
  if (!seen) return;  // it could not be read, and may live
  if (!*seen || (*seen)->start_time != init.start_time) containers_.targets().note_init_ended(container.number);
}

bool Releaser::has_known_process(const Container& container) const {
  if (has_process_in_groups(container.target)) return true;
  // Not placed yet, or moved out of the group by somebody.
  return tracker_.any_of(container.number, [&](Pid pid, const TrackedProcess& process) {
    const auto start = host_.processes.start_time(pid);
    return start && is_same_start(*start, process.start_time);
  });
}

bool Releaser::has_process_in_groups(const Target& target) const {
  const auto groups = groups_.subtree(target);
  if (!groups) return groups.error().code() != ErrorCode::kNotFound;
  return std::any_of(groups->begin(), groups->end(), [&](const std::string& group) {
    const auto inside = host_.net_cls.processes(group);
    return !inside || !inside->empty();
  });
}

// Its event was lost, or it was moved into the cgroup and called no exec.
bool Releaser::has_process_at_path(const Container& container, std::optional<Snapshot>& all) {
  if (!container.target.membership) return false;
  const auto pids = processes_at_path(*container.target.membership, all);
  if (!pids) return true;  // it cannot be told now
  bool has_member = false;
  for (const Pid pid : *pids) {
    const auto facts = host_.processes.facts(pid);
    if (!facts || tracker_.owner_of(pid, facts->cgroups) != container.number) continue;
    has_member = true;
    const auto outcome = mover_.examine({pid, JoinCause::kSweep, host_.clock.monotonic()});
    if (outcome == MoveOutcome::kMoved) counters_.strays_repaired.add();
  }
  return has_member;
}

std::optional<std::vector<Pid>> Releaser::processes_at_path(const MembershipPath& membership,
                                                            std::optional<Snapshot>& all) {
  if (auto pids = host_.cgroups.processes_at({membership.hierarchy, membership.path})) return pids;
  // The runtime removes it soon after init has ended: then all of /proc need not be read.
  if (host_.cgroups.is_gone({membership.hierarchy, membership.path})) return std::vector<Pid>{};
  if (!all) {
    auto snapshot = take_snapshot(host_.processes, &intake_);
    if (!snapshot) return std::nullopt;
    all = *std::move(snapshot);
  }
  std::vector<Pid> pids;
  for (const ProcessFacts& process : *all) {
    const std::string* path = process.cgroups.find(membership.hierarchy);
    if (path != nullptr && is_within(*path, membership.path)) pids.push_back(process.pid);
  }
  return pids;
}

Result<void> Releaser::move_out(const Container& container) {
  const Target& target = container.target;
  if (target.is_adopted) return groups_.replace_class(target, 0);
  const Target* outer = target.outer ? containers_.targets().find(*target.outer) : nullptr;
  const auto groups = groups_.subtree(target);
  if (!groups && groups.error().code() == ErrorCode::kNotFound) return {};  // somebody has removed it
  if (!groups) return pass_on(groups.error());
  for (const std::string& group : *groups) {
    auto moved = groups_.move_all_out(group, outer ? outer->directory : "");
    if (!moved) return moved;
  }
  return {};
}

bool Releaser::clean_up(const Container& container) {
  return remove_group(container) && remove_state(container.id).has_value();
}

bool Releaser::remove_group(const Container& container) {
  if (container.target.is_adopted) return true;
  const auto removed = host_.net_cls.remove(container.target.directory);
  if (!removed) host_.reporter.problem("group_not_removed", container.id.text(), removed.error());
  return !removed || *removed != RemoveOutcome::kNotEmpty;  // a task that ends still counts
}

Result<void> Releaser::remove_state(const ContainerId& id) {
  auto removed = host_.store.remove(id);
  if (!removed) host_.reporter.problem("state_not_removed", id.text(), removed.error());
  return removed;
}

void Releaser::forget(const Container& container) {
  const ContainerId id = container.id;
  containers_.remove(container.number);
  host_.container_reporter.released(id);
}

}  // namespace netclsd
