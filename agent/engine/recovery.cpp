#include "agent/engine/recovery.h"

#include <algorithm>
#include <utility>

namespace netclsd {

void Recovery::take_up_registrations() {
  auto loaded = host_.store.load();
  std::vector<Registration> registrations;
  for (auto& registration : loaded) {
    if (registration) {
      registrations.push_back(std::move(*registration));
    } else {
      counters_.registration_failures[RegistrationFailure::kMalformed].add();
      const std::string& message = registration.error().message();  // "NAME: what is wrong"
      host_.reporter.problem("state_not_readable", message.substr(0, message.find(':')), registration.error());
    }
  }
  // The outer before the inner, which finds it here by path: short paths first, those without a path of their own last.
  const auto rank = [](const Registration& r) {
    return std::pair(r.membership ? r.membership->path.size() : std::string::npos, r.registered_at);
  };
  std::sort(registrations.begin(), registrations.end(),
            [&](const Registration& a, const Registration& b) { return rank(a) < rank(b); });
  for (Registration& registration : registrations) take_up(std::move(registration));
}

void Recovery::take_up(Registration registration) {
  const auto init = host_.processes.facts(registration.init.pid);
  const bool is_alive = init && init->start_time == registration.init.start_time;
  if (is_alive) {
    take_up_alive(std::move(registration), *init);
  } else {
    take_up_ended(std::move(registration));
  }
}

void Recovery::take_up_alive(Registration registration, const ProcessFacts& init) {
  // Paths are only good in the cgroup namespace they were read in, and this agent may live in another one.
  if (registration.membership) {
    registration.membership = find_membership_path_again(*registration.membership, init.cgroups);
  }
  const ContainerId id = registration.id;
  const auto outer = containers_.claims().by_path(init.cgroups);
  const ContainerNumber number = containers_.add(std::move(registration), outer);
  if (auto placed = registrar_.place_init(number, init); !placed) {
    host_.reporter.problem("recovery_failed", id.text(), placed.error());
    // The sweep tries again while init lives; when it has ended, the release does.
    const auto is_alive = host_.exits.watch(init.pid);
    if (is_alive && !*is_alive) containers_.note_ended(*containers_.find(number));
  }
  counters_.registrations[SourceLabel::kRecovered].add();
}

void Recovery::take_up_ended(Registration registration) {
  std::string group_path;
  std::optional<MembershipPath> membership;
  for (const Pid pid : host_.net_cls.processes(registration.directory).value_or(std::vector<Pid>{})) {
    const auto cgroups = host_.processes.cgroups(pid);
    if (!cgroups) continue;
    if (cgroups->net_cls()) group_path = *cgroups->net_cls();
    if (registration.membership && !membership) {
      membership = find_membership_path_again(*registration.membership, *cgroups);
    }
  }
  // If nobody in the group is at the path, they are strangers to the container: the sweep moves them out.
  if (membership) registration.membership = membership;
  const auto outer = outer_of(registration);
  const ContainerNumber number = containers_.add_ended(std::move(registration), outer);
  if (!group_path.empty()) containers_.set_group_path(number, group_path);
}

// The containers inside it are then inside of that one, when it is let go of.
std::optional<ContainerNumber> Recovery::outer_of(const Registration& ended) const {
  if (!ended.membership) return std::nullopt;
  return containers_.claims().by_path(CgroupPaths{{{ended.membership->hierarchy, ended.membership->path}}});
}

void Recovery::remove_orphaned_groups(Orphans which) {
  const auto names = host_.net_cls.children(options_.place.parent);
  if (!names) return;
  const std::set<std::string> seen_before = std::exchange(orphans_seen_, {});
  for (const std::string& name : *names) {
    const auto id = ContainerId::parse(name);
    if (id && containers_.find(*id) != nullptr) continue;
    orphans_seen_.insert(name);
    if (which == Orphans::kSeenTwice && !seen_before.contains(name)) continue;
    remove(options_.place.parent + "/" + name);
  }
}

void Recovery::remove_orphaned_group(const ContainerId& id) {
  leftovers_.erase(id);
  if (containers_.find(id) != nullptr) return;
  for (const std::string& parent : {options_.place.parent, options_.place.hook_parent}) {
    if (!remove(parent + "/" + id.text())) leftovers_.insert(id);
  }
}

void Recovery::remove_leftovers() {
  for (const ContainerId& id : std::set(leftovers_)) remove_orphaned_group(id);
}

bool Recovery::remove(const std::string& directory) {
  const auto removed = host_.net_cls.remove(directory);
  if (!removed) host_.reporter.problem("orphaned_group", directory, removed.error());
  return !removed || *removed != RemoveOutcome::kNotEmpty;
}

}  // namespace netclsd
