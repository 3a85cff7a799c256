#include "carry/plan.h"

#include <algorithm>

namespace netclsd::carry {

CarrierPlan plan_carriers(const std::vector<CarriedContainer>& containers, const std::vector<HostEnd>& ends,
                          const std::set<InterfaceIndex>& attached, const std::set<InterfaceIndex>& before) {
  std::set<NamespaceId> networks;
  for (const CarriedContainer& container : containers) {
    if (container.network) networks.insert(*container.network);
  }
  const bool may_any_be_needed =
      std::any_of(containers.begin(), containers.end(), [](const auto& each) { return each.has_unknown_network; });
  CarrierPlan plan;
  std::set<InterfaceIndex> wanted;
  for (const HostEnd& end : ends) {
    const bool may_be_needed = may_any_be_needed && attached.contains(end.index);
    if (!networks.contains(end.peer) && !may_be_needed) continue;
    wanted.insert(end.index);
    if (attached.contains(end.index)) continue;
    plan.attach.push_back(end);
    if (before.contains(end.index)) plan.repairs.insert(end.index);
  }
  std::set_difference(attached.begin(), attached.end(), wanted.begin(), wanted.end(), std::back_inserter(plan.detach));
  return plan;
}

Members plan_members(const std::vector<CarriedContainer>& containers, const Members& now, const std::set<Owner>& used) {
  Owner last = used.empty() ? 0 : *used.rbegin();
  for (const auto& [cgroup, member] : now) last = std::max(last, member.owner);
  Members members;
  for (const CarriedContainer& container : containers) {
    if (!container.cgroup || !container.network) continue;
    const auto known = now.find(*container.cgroup);
    const Owner owner = known == now.end() ? ++last : known->second.owner;
    members.emplace(*container.cgroup, Member{container.classid.raw(), owner});
  }
  return members;
}

bool is_past(const CountKey& key, const std::set<InterfaceIndex>& attached, const std::set<Owner>& owners) {
  return !attached.contains(key.index) || (key.owner != 0 && !owners.contains(key.owner));
}

}  // namespace netclsd::carry
