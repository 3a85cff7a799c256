#include "agent/membership/sweep_plan.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "agent/membership/choice.h"

namespace netclsd {
namespace {

using Owner = std::optional<TargetNumber>;

class MemberFinder {
 public:
  MemberFinder(const Snapshot& snapshot, const std::vector<Init>& inits, const Targets& targets, const Tracker& tracker)
      : snapshot_(snapshot), targets_(targets), tracker_(tracker), owners_(snapshot.size()), states_(snapshot.size()) {
    for (std::size_t i = 0; i < snapshot.size(); ++i) position_.emplace(snapshot[i].pid, i);
    for (const Init& init : inits) claim_init(init);
  }

  Owner owner_of(std::size_t i) {
    resolve_ancestors(i);
    return owners_[i];
  }

 private:
  enum class State : char { kUnknown, kInProgress, kKnown };

  void claim_init(const Init& init) {
    const auto found = position_.find(init.process.pid);
    if (found == position_.end()) return;
    if (!is_same_start(snapshot_[found->second].start_time, init.process.start_time)) return;
    owners_[found->second] = init.target;
    states_[found->second] = State::kKnown;
    if (init.is_reaper) reapers_.emplace(found->second, init);
  }

  // Walks up to the first known ancestor, then down again; no recursion, since process trees may be deep.
  void resolve_ancestors(std::size_t i) {
    std::vector<std::size_t> chain;
    for (std::optional<std::size_t> at = i; at && states_[*at] == State::kUnknown; at = parent_of(*at)) {
      states_[*at] = State::kInProgress;  // pids reused while the snapshot was taken could form a ring
      chain.push_back(*at);
    }
    for (auto at = chain.rbegin(); at != chain.rend(); ++at) resolve(*at);
  }

  void resolve(std::size_t i) {
    const ProcessFacts& process = snapshot_[i];
    const auto parent = parent_of(i);
    const bool is_child = parent && states_[*parent] == State::kKnown && !is_others_orphan(process, *parent);
    const Owner by_descent = is_child ? owners_[*parent] : std::nullopt;
    const Owner remembered = remembered_owner(process);
    owners_[i] = targets_.nearest(targets_.by_path(process.cgroups), targets_.nearest(by_descent, remembered));
    states_[i] = State::kKnown;
  }

  bool is_others_orphan(const ProcessFacts& process, std::size_t parent) const {
    const auto reaper = reapers_.find(parent);
    return reaper != reapers_.end() &&
           !may_be_born_to(reaper->second, &snapshot_[parent].cgroups, process.cgroups, targets_);
  }

  Owner remembered_owner(const ProcessFacts& process) const {
    const TrackedProcess* known = tracker_.find(process.pid);
    if (known == nullptr || !is_same_start(known->start_time, process.start_time)) return std::nullopt;
    return known->target;
  }

  std::optional<std::size_t> parent_of(std::size_t i) const {
    const auto found = position_.find(snapshot_[i].parent);
    return found == position_.end() ? std::nullopt : std::optional(found->second);
  }

  const Snapshot& snapshot_;
  const Targets& targets_;
  const Tracker& tracker_;
  std::unordered_map<Pid, std::size_t> position_;
  std::vector<Owner> owners_;
  std::vector<State> states_;
  std::unordered_map<std::size_t, Init> reapers_;  // by position
};

// Where the processes of a container without a path of its own are, unless they moved.
std::optional<CgroupEntry> first_path(const CgroupPaths& cgroups) {
  const auto candidates = membership_candidates(cgroups);
  const auto found =
      std::find_if(candidates.begin(), candidates.end(), [](const auto& one) { return one.path != "/"; });
  if (found != candidates.end()) return *found;
  return candidates.empty() ? std::nullopt : std::optional(candidates.front());
}

}  // namespace

bool may_be_born_to(const Init& init, const CgroupPaths* init_cgroups, const CgroupPaths& child,
                    const Targets& targets) {
  const Target* target = targets.find(init.target);
  if (!init.is_reaper || target == nullptr || targets.is_placed(init.target, child)) return true;
  std::optional<CgroupEntry> own;
  if (target->membership) own = CgroupEntry{target->membership->hierarchy, target->membership->path};
  if (!target->membership && init_cgroups != nullptr) own = first_path(*init_cgroups);
  const std::string* path = own ? child.find(own->hierarchy) : nullptr;
  if (path == nullptr) return true;
  return own->path == "/" ? *path == "/" : is_within(*path, own->path);  // everybody is below the root
}

std::vector<Member> find_members(const Snapshot& snapshot, const std::vector<Init>& inits, const Targets& targets,
                                 const Tracker& tracker) {
  std::vector<Member> members;
  if (targets.is_empty()) return members;
  MemberFinder finder(snapshot, inits, targets, tracker);
  for (std::size_t i = 0; i < snapshot.size(); ++i) {
    const Owner owner = finder.owner_of(i);
    if (!owner) continue;
    const ProcessFacts& process = snapshot[i];
    members.push_back({process.pid, process.start_time, *owner, targets.is_placed(*owner, process.cgroups)});
  }
  return members;
}

std::vector<Pid> find_foreigners(const Snapshot& snapshot, const std::vector<Member>& members, const Targets& targets) {
  std::unordered_set<Pid> known;
  for (const Member& member : members) known.insert(member.pid);
  std::vector<Pid> foreigners;
  for (const ProcessFacts& process : snapshot) {
    const std::string* path = process.cgroups.net_cls();
    if (path && *path != "/" && !known.contains(process.pid) && targets.guards_group(*path))
      foreigners.push_back(process.pid);
  }
  return foreigners;
}

}  // namespace netclsd
