#include "agent/engine/recovery.h"

#include <algorithm>

namespace netclsd {

void Recovery::take_up_registrations() {
  auto loaded = host_.store.load();
  std::vector<Registration> registrations;
  for (auto& registration : loaded) {
    if (registration) {
      registrations.push_back(std::move(*registration));
    } else {
      host_.reporter.problem("state_not_readable", "", registration.error());
    }
  }
  // Oldest first: a container inside another was registered after it, and finds it here.
  std::sort(registrations.begin(), registrations.end(),
            [](const Registration& a, const Registration& b) { return a.registered_at < b.registered_at; });
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
  }
  counters_.registrations[SourceLabel::kRecovered].add();
}

void Recovery::retry_placing() {
  for (const ContainerNumber number : containers_.numbers()) {
    const Container& container = *containers_.find(number);
    if (container.has_init_ended || !container.group_path.empty()) continue;
    const ContainerId id = container.registration.id;
    const auto init = host_.processes.facts(container.registration.init.pid);
    if (!init || init->start_time != container.registration.init.start_time) continue;  // the releaser's
    if (auto placed = registrar_.place_init(number, *init); !placed) {
      host_.reporter.problem("recovery_failed", id.text(), placed.error());
    }
  }
}

void Recovery::take_up_ended(Registration registration) {
  const auto left = host_.net_cls.processes(registration.directory);
  const auto cgroups = left && !left->empty() ? host_.processes.cgroups(left->front()) : std::nullopt;
  if (registration.membership) {
    registration.membership = cgroups ? find_membership_path_again(*registration.membership, *cgroups) : std::nullopt;
  }
  const ContainerNumber number = containers_.add(std::move(registration), std::nullopt);
  containers_.find(number)->has_init_ended = true;
  if (cgroups && cgroups->net_cls()) containers_.set_group_path(number, *cgroups->net_cls());
}

void Recovery::remove_orphaned_groups() {
  const auto names = host_.net_cls.children(options_.place.parent);
  if (!names) return;
  for (const std::string& name : *names) {
    const auto id = ContainerId::parse(name);
    if (id && containers_.find(*id) != nullptr) continue;
    const auto removed = host_.net_cls.remove(options_.place.parent + "/" + name);
    if (!removed) host_.reporter.problem("orphaned_group", name, removed.error());
  }
}

}  // namespace netclsd
