#include "agent/membership/choice.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <unordered_set>

namespace netclsd {
namespace {

constexpr std::size_t kSharingMax = 16;      // of the first, some will be there again
constexpr std::size_t kAncestorsMax = 4096;  // a process tree's depth; also ends a ring of reused pids

Outside outside_of(const Snapshot& snapshot, const ProcessFacts& agent) {
  const auto first = std::find_if(snapshot.begin(), snapshot.end(), [](const auto& one) { return one.pid == Pid{1}; });
  return {.agent = agent.namespaces, .host = first == snapshot.end() ? NamespaceFacts{} : first->namespaces};
}

// Tells a container's own processes from strangers: init, who shares its namespaces, and all that descend from them.
// One in a namespace inside of it (a container in the container) may descend from somebody who was exec'd into it.
class Family {
 public:
  Family(const ProcessFacts& init, const Snapshot& snapshot, const ProcessFacts& agent) : elders_{init.pid} {
    const Outside outside = outside_of(snapshot, agent);
    for (const ProcessFacts& process : snapshot) {
      parents_.emplace(process.pid, process.parent);
      if (share_a_container(init.namespaces, process.namespaces, outside)) elders_.insert(process.pid);
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

bool is_stranger_at(const CgroupEntry& entry, const Family& family, const ProcessFacts& process) {
  const std::string* other = process.cgroups.find(entry.hierarchy);
  const bool may_be_there = other != nullptr ? is_within(*other, entry.path) : process.cgroups.entries.empty();
  return may_be_there && !family.includes(process.pid);
}

// Not of a container: the root, or at or above the agent's own.
bool is_of_the_host(const CgroupEntry& entry, const ProcessFacts& agent) {
  const std::string* agent_path = agent.cgroups.find(entry.hierarchy);
  return entry.path == "/" || (agent_path != nullptr && is_within(*agent_path, entry.path));
}

bool is_own(const CgroupEntry& entry, const Family& family, const Snapshot& snapshot, const ProcessFacts& agent) {
  return !is_of_the_host(entry, agent) && std::none_of(snapshot.begin(), snapshot.end(), [&](const auto& process) {
    return is_stranger_at(entry, family, process);
  });
}

// Unlike who is only entering a container, or is another's guest.
bool is_at_home_elsewhere(const NamespaceFacts& stranger, const NamespaceFacts& init, const Outside& outside) {
  if (stranger.pid_depth == 0 || stranger.root_mount == 0) return false;  // it could not be read
  // A service may have a mount namespace of its own (PrivateTmp=), and has the host's "/" in it.
  const auto has_root_of = [&](const NamespaceFacts& one) {
    return stranger.root_mount == one.root_mount || (!one.root.empty() && stranger.root == one.root);
  };
  const bool is_hosts = has_root_of(outside.host) || has_root_of(outside.agent);
  return is_hosts || stranger.is_reaper || stranger.pid_depth < init.pid_depth;
}

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// What every cgroup namespace shows alike of a directory: "/../../a/b" is "/a/b" there, and the end of "/x/a/b".
std::string_view without_ways_up(std::string_view path) {
  while (path.starts_with("/../")) path.remove_prefix(3);
  return path;
}

// Both are, or begin with, a way down to the directory: the shorter one is the end of the longer one.
bool may_be_the_same(std::string_view one, std::string_view other) {
  one = without_ways_up(one);
  other = without_ways_up(other);
  return one.ends_with(other) || other.ends_with(one);  // each begins with "/": whole names are compared
}

}  // namespace

std::vector<CgroupEntry> membership_candidates(const CgroupPaths& cgroups) {
  std::vector<CgroupEntry> candidates;
  for (const CgroupEntry& entry : cgroups.entries) {
    if (!has_controller(entry.hierarchy, "net_cls")) candidates.push_back(entry);
  }
  const std::string* unified = cgroups.find("");
  const auto rank = [&](const CgroupEntry& entry) {
    if (entry.hierarchy.empty()) return 1;
    const bool is_in_both = unified != nullptr && *unified != "/" && last_name(entry.path) == last_name(*unified);
    return is_in_both ? 0 : 2;
  };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const CgroupEntry& a, const CgroupEntry& b) { return rank(a) < rank(b); });
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

Sharing judge_sharing(const ProcessFacts& init, const Snapshot& snapshot, const ProcessFacts& agent,
                      const std::vector<ProcessKey>& seen_before) {
  Sharing sharing{.is_for_good = true, .with = {}};
  const Family family(init, snapshot, agent);
  const Outside outside = outside_of(snapshot, agent);
  for (const CgroupEntry& entry : membership_candidates(init.cgroups)) {
    bool is_shared = is_of_the_host(entry, agent);
    for (const ProcessFacts& process : snapshot) {
      if (is_shared || !is_stranger_at(entry, family, process)) continue;
      if (!is_at_home_elsewhere(process.namespaces, init.namespaces, outside)) continue;
      const ProcessKey key{process.pid, process.start_time};
      is_shared = std::find(seen_before.begin(), seen_before.end(), key) != seen_before.end();
      if (!is_shared && sharing.with.size() < kSharingMax) sharing.with.push_back(key);
    }
    sharing.is_for_good &= is_shared;
  }
  return sharing;
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
  if (is_within(*now, before.path)) return before;
  std::optional<MembershipPath> found;
  for (std::optional<std::string_view> at = *now; at; at = parent_path(*at)) {
    if (*at == "/" || at->ends_with("/..") || !may_be_the_same(*at, before.path)) continue;
    if (found) return std::nullopt;
    found = MembershipPath{before.hierarchy, std::string(*at)};
  }
  return found;
}

GroupChoice choose_group(const std::string& container_id, const ProcessFacts& init, const Snapshot& snapshot,
                         const ProcessFacts& agent, const Targets& targets, const GroupPlace& place) {
  GroupChoice own{.directory = place.parent + "/" + container_id, .is_adopted = false};
  const Family family(init, snapshot, agent);
  for (const CgroupEntry& entry : init.cgroups.entries) {
    if (!has_controller(entry.hierarchy, "net_cls")) continue;
    const auto directory = relative_path(place.mount_root, entry.path);
    if (directory == place.hook_parent + "/" + container_id) return {.directory = *directory, .is_adopted = false};
    const bool is_usable = directory && !directory->empty() && !is_within("/" + *directory, "/" + place.parent);
    if (!is_usable || targets.by_group(entry.path) || !is_own(entry, family, snapshot, agent)) continue;
    return {.directory = *directory, .is_adopted = true};
  }
  return own;
}

}  // namespace netclsd
