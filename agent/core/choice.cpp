#include "agent/core/choice.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <unordered_set>

namespace netclsd {
namespace {

constexpr std::size_t kAncestorsMax = 4096;  // a process tree's depth; also ends a ring of reused pids

// Tells a container's own processes from strangers: init, who shares its namespaces, and all that descend from them.
// One in a namespace inside of it (a container in the container) may descend from somebody who was exec'd into it.
class Family {
 public:
  Family(const ProcessFacts& init, const Snapshot& snapshot, const ProcessFacts& agent) : elders_{init.pid} {
    for (const ProcessFacts& process : snapshot) {
      parents_.emplace(process.pid, process.parent);
      if (share_a_container(init.namespaces, process.namespaces, agent.namespaces)) elders_.insert(process.pid);
    }
  }

  Family(Pid init, const Snapshot& snapshot) : Family(ProcessFacts{.pid = init}, snapshot, ProcessFacts{}) {}

  void add_all_at(const MembershipPath& path, const Snapshot& snapshot) {
    for (const ProcessFacts& process : snapshot) {
      const std::string* own = process.cgroups.find(path.hierarchy);
      if (own != nullptr && is_within(*own, path.path)) elders_.insert(process.pid);
    }
  }

  bool includes(Pid pid) const {
    for (std::size_t i = 0; i < kAncestorsMax && !elders_.contains(pid); ++i) {
      const auto parent = parents_.find(pid);
      if (parent == parents_.end()) return false;
      pid = parent->second;
    }
    return elders_.contains(pid);
  }

 private:
  std::unordered_set<Pid> elders_;
  std::unordered_map<Pid, Pid> parents_;
};

bool holds_strangers(const CgroupEntry& entry, const Family& family, const Snapshot& snapshot) {
  return std::any_of(snapshot.begin(), snapshot.end(), [&](const ProcessFacts& process) {
    const std::string* other = process.cgroups.find(entry.hierarchy);
    return other != nullptr && is_within(*other, entry.path) && !family.includes(process.pid);
  });
}

bool is_own(const CgroupEntry& entry, const Family& family, const Snapshot& snapshot, const ProcessFacts& agent) {
  if (entry.path == "/") return false;
  const std::string* agent_path = agent.cgroups.find(entry.hierarchy);
  if (agent_path != nullptr && is_within(*agent_path, entry.path)) return false;
  return !holds_strangers(entry, family, snapshot);
}

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::vector<CgroupEntry> membership_candidates(const CgroupPaths& cgroups) {
  std::vector<CgroupEntry> candidates;
  for (const CgroupEntry& entry : cgroups.entries) {
    if (!has_controller(entry.hierarchy, "net_cls")) candidates.push_back(entry);
  }
  std::stable_partition(candidates.begin(), candidates.end(),
                        [](const CgroupEntry& entry) { return entry.hierarchy.empty(); });
  return candidates;
}

std::optional<MembershipPath> choose_membership_path(const ProcessFacts& init, const Snapshot& snapshot,
                                                     const ProcessFacts& agent) {
  const Family family(init, snapshot, agent);
  for (const CgroupEntry& entry : membership_candidates(init.cgroups)) {
    if (is_own(entry, family, snapshot, agent)) return MembershipPath{entry.hierarchy, entry.path};
  }
  return std::nullopt;
}

std::vector<Pid> find_inside(const std::vector<Pid>& inits, Pid outer, const std::optional<MembershipPath>& path,
                             const Snapshot& snapshot) {
  if (inits.empty()) return {};
  Family family(outer, snapshot);
  if (path) family.add_all_at(*path, snapshot);
  std::vector<Pid> inside;
  std::copy_if(inits.begin(), inits.end(), std::back_inserter(inside), [&](Pid init) { return family.includes(init); });
  return inside;
}

std::optional<MembershipPath> find_membership_path_again(const MembershipPath& before, const CgroupPaths& init) {
  const std::string* now = init.find(before.hierarchy);
  if (now == nullptr) return std::nullopt;
  // init may have moved to a group below ("/init.scope"), never above: its path still passes through the directory.
  for (std::optional<std::string_view> at = *now; at; at = parent_path(*at)) {
    if (*at != "/" && last_name(*at) == last_name(before.path)) {
      return MembershipPath{before.hierarchy, std::string(*at)};
    }
  }
  return std::nullopt;
}

GroupChoice choose_group(const std::string& container_id, const ProcessFacts& init, const Snapshot& snapshot,
                         const ProcessFacts& agent, const Claims& claims, const GroupPlace& place) {
  GroupChoice own{.directory = place.parent + "/" + container_id, .is_adopted = false};
  const Family family(init, snapshot, agent);
  for (const CgroupEntry& entry : init.cgroups.entries) {
    if (!has_controller(entry.hierarchy, "net_cls")) continue;
    const auto directory = relative_path(place.mount_root, entry.path);
    if (directory == place.hook_parent + "/" + container_id) return {.directory = *directory, .is_adopted = false};
    const bool is_usable = directory && !directory->empty() && !is_within("/" + *directory, "/" + place.parent);
    if (!is_usable || claims.owns_group(entry.path) || !is_own(entry, family, snapshot, agent)) continue;
    return {.directory = *directory, .is_adopted = true};
  }
  return own;
}

}  // namespace netclsd
