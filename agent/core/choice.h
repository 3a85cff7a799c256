// The two choices made at registration: by which path a container's processes are known, and which group it gets. Pure.
//
// Never accept a shared path: the whole host would land in the class.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/core/claims.h"
#include "agent/core/process_facts.h"

namespace netclsd {

// The path in the unified hierarchy, or else in the first v1 hierarchy other than net_cls, that belongs to the
// container alone: not the root, not at or above the agent's own, and holding no stranger: no process that is neither
// init, nor its descendant, nor in namespaces that init does not share with the agent (who was exec'd into the
// container before it was registered). `agent` is the agent itself, as it reads it.
[[nodiscard]] std::optional<MembershipPath> choose_membership_path(const ProcessFacts& init, const Snapshot& snapshot,
                                                                   const ProcessFacts& agent);

// In the order of choice: the unified hierarchy first, then the others in the kernel's order. Without net_cls.
[[nodiscard]] std::vector<CgroupEntry> membership_candidates(const CgroupPaths& cgroups);

// After a restart the container's path holds entrants that do not descend from init, and the agent's cgroup namespace
// may be another: finds the path again in what init shows now, by the name of its last directory.
[[nodiscard]] std::optional<MembershipPath> find_membership_path_again(const MembershipPath& before,
                                                                       const CgroupPaths& init);

// Those of `inits` that are in `path` or descend from `outer`: their containers run inside of that of `outer`.
[[nodiscard]] std::vector<Pid> find_inside(const std::vector<Pid>& inits, Pid outer,
                                           const std::optional<MembershipPath>& path, const Snapshot& snapshot);

// Where our groups are: the mounted part of the hierarchy as seen by the agent, and the parent's name below it.
struct GroupPlace {
  std::string mount_root;  // "/" or "/.."
  std::string parent;      // "netclsd"
  std::string hook_parent =
      "netclsd";  // where the hook makes groups while the agent is away: it knows no configuration
};

// A directory relative to the mount. Adopted: the runtime made it, we set its classid, move nobody and never remove it.
struct GroupChoice {
  std::string directory;
  bool is_adopted = false;
  friend bool operator==(const GroupChoice&, const GroupChoice&) = default;
};

// init's own group if it is in one: adopted, or ours if the hook made it. Else a new one.
[[nodiscard]] GroupChoice choose_group(const std::string& container_id, const ProcessFacts& init,
                                       const Snapshot& snapshot, const ProcessFacts& agent, const Claims& claims,
                                       const GroupPlace& place);

}  // namespace netclsd
