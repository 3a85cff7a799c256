#include "agent/core/choice.h"

#include <algorithm>
#include <unordered_map>

namespace netclsd {
namespace {

constexpr std::size_t kAncestorsMax = 4096;  // a process tree's depth; also ends a ring of reused pids

class Descent {
 public:
  Descent(Pid init, const Snapshot& snapshot) : init_(init) {
    for (const ProcessFacts& process : snapshot) parents_.emplace(process.pid, process.parent);
  }

  bool is_init_or_descendant(Pid pid) const {
    for (std::size_t i = 0; i < kAncestorsMax && pid != init_; ++i) {
      const auto parent = parents_.find(pid);
      if (parent == parents_.end()) return false;
      pid = parent->second;
    }
    return pid == init_;
  }

 private:
  Pid init_;
  std::unordered_map<Pid, Pid> parents_;
};

bool is_alone(const std::string& hierarchy, const std::string& path, Pid init, const Snapshot& snapshot) {
  const Descent descent(init, snapshot);
  return std::all_of(snapshot.begin(), snapshot.end(), [&](const ProcessFacts& process) {
    const std::string* other = process.cgroups.find(hierarchy);
    return other == nullptr || !is_within(*other, path) || descent.is_init_or_descendant(process.pid);
  });
}

bool is_own(const CgroupEntry& entry, const ProcessFacts& init, const Snapshot& snapshot, const CgroupPaths& agent) {
  if (entry.path == "/") return false;
  const std::string* agent_path = agent.find(entry.hierarchy);
  if (agent_path != nullptr && is_within(*agent_path, entry.path)) return false;
  return is_alone(entry.hierarchy, entry.path, init.pid, snapshot);
}

// The unified hierarchy first, then the others in the kernel's order.
std::vector<CgroupEntry> membership_candidates(const CgroupPaths& cgroups) {
  std::vector<CgroupEntry> candidates;
  for (const CgroupEntry& entry : cgroups.entries) {
    if (!has_controller(entry.hierarchy, "net_cls")) candidates.push_back(entry);
  }
  std::stable_partition(candidates.begin(), candidates.end(),
                        [](const CgroupEntry& entry) { return entry.hierarchy.empty(); });
  return candidates;
}

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::optional<MembershipPath> choose_membership_path(const ProcessFacts& init, const Snapshot& snapshot,
                                                     const CgroupPaths& agent) {
  for (const CgroupEntry& entry : membership_candidates(init.cgroups)) {
    if (is_own(entry, init, snapshot, agent)) return MembershipPath{entry.hierarchy, entry.path};
  }
  return std::nullopt;
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
                         const CgroupPaths& agent, const Claims& claims, const GroupPlace& place) {
  const GroupChoice own{.directory = place.parent + "/" + container_id, .is_adopted = false};
  for (const CgroupEntry& entry : init.cgroups.entries) {
    if (!has_controller(entry.hierarchy, "net_cls")) continue;
    const auto directory = relative_path(place.mount_root, entry.path);
    const bool is_usable = directory && !directory->empty() && !is_within("/" + *directory, "/" + place.parent);
    if (!is_usable || claims.owns_group(entry.path) || !is_own(entry, init, snapshot, agent)) continue;
    return {.directory = *directory, .is_adopted = true};
  }
  return own;
}

}  // namespace netclsd
