#include "carry/views.h"

#include <optional>
#include <utility>

namespace netclsd::carry {
namespace {

// Absent: it has no fallback, and is not counted apart.
std::optional<Owner> owner_of(const CarriedContainer& container, const Seen& seen) {
  const auto member = container.cgroup ? seen.members.find(*container.cgroup) : seen.members.end();
  return member == seen.members.end() ? std::nullopt : std::optional(member->second.owner);
}

ContainerView view_container(const CarriedContainer& container, const Seen& seen,
                             const LastingDifferences& differences) {
  ContainerView view{.id = container.id, .has_fallback = container.cgroup.has_value()};
  if (container.network) view.no_fallback = container.no_fallback;
  for (const HostEnd& end : seen.ends) {
    if (container.network != end.peer) continue;
    const auto attachment = seen.attached.find(end.index);
    if (attachment != seen.attached.end()) view.carriers.push_back({end.name, end.index, attachment->second, end.xdp});
    if (const auto problem = seen.problems.find(end.index); problem != seen.problems.end()) {
      view.problem = problem->second;
    }
  }
  const auto owner = owner_of(container, seen);
  const auto found = owner ? differences.find(*owner) : differences.end();
  if (found != differences.end()) view.difference = found->second;
  return view;
}

std::map<Owner, ContainerId> owners_of(const Seen& seen) {
  std::map<Owner, ContainerId> owners;
  for (const CarriedContainer& container : seen.containers) {
    if (const auto owner = owner_of(container, seen)) owners.emplace(*owner, container.id);
  }
  return owners;
}

// Interfaces with one registered container behind them.
std::map<InterfaceIndex, const CarriedContainer*> alone_behind(const Seen& seen) {
  std::multimap<NamespaceId, const CarriedContainer*> by_network;
  for (const CarriedContainer& container : seen.containers) {
    if (container.network) by_network.emplace(*container.network, &container);
  }
  std::map<InterfaceIndex, const CarriedContainer*> alone;
  for (const HostEnd& end : seen.ends) {
    if (by_network.count(end.peer) == 1) alone.emplace(end.index, by_network.find(end.peer)->second);
  }
  return alone;
}

}  // namespace

std::vector<ContainerView> view_containers(const Seen& seen, const LastingDifferences& differences) {
  std::vector<ContainerView> views;
  for (const CarriedContainer& container : seen.containers) {
    views.push_back(view_container(container, seen, differences));
  }
  return views;
}

std::vector<CountView> view_counts(const Counts& counts, const Seen& seen) {
  const auto owners = owners_of(seen);
  const auto alone = alone_behind(seen);
  std::map<InterfaceIndex, std::string> names;
  for (const HostEnd& end : seen.ends) names.emplace(end.index, end.name);
  std::vector<CountView> views;
  for (const auto& [key, count] : counts) {
    const auto owner = owners.find(key.owner);
    const auto only = alone.find(key.index);
    std::optional<ContainerId> id;
    if (owner != owners.end()) {
      id = owner->second;
    } else if (key.owner == 0 && only != alone.end() && key.classid == only->second->classid.raw()) {
      id = only->second->id;
    }
    const auto name = names.find(key.index);
    views.push_back({std::move(id), name == names.end() ? std::string() : name->second, key.classid, count});
  }
  return views;
}

}  // namespace netclsd::carry
