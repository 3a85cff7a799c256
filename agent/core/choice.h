// The two choices made at registration: by which path a container's processes are known, and which group it gets. Pure.
//
// Never accept a shared path: the whole host would land in the class.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "agent/core/claims.h"
#include "agent/core/process_facts.h"

namespace netclsd {

// The path in the unified hierarchy, or else in the first v1 hierarchy other than net_cls, that belongs to the
// container alone: not the root, not at or above the agent's own, and holding no process that is not init or its
// descendant. `agent` are the agent's own cgroups, as it reads them itself.
[[nodiscard]] std::optional<MembershipPath> choose_membership_path(const ProcessFacts& init, const Snapshot& snapshot,
                                                                   const CgroupPaths& agent);

// After a restart the container's path holds entrants that do not descend from init, and the agent's cgroup namespace
// may be another: finds the path again in what init shows now, by the name of its last directory.
[[nodiscard]] std::optional<MembershipPath> find_membership_path_again(const MembershipPath& before,
                                                                       const CgroupPaths& init);

// Where our groups are: the mounted part of the hierarchy as seen by the agent, and the parent's name below it.
struct GroupPlace {
  std::string mount_root;  // "/" or "/.."
  std::string parent;      // "netclsd"
};

// A directory relative to the mount. Adopted: the runtime made it, we set its classid, move nobody and never remove it.
struct GroupChoice {
  std::string directory;
  bool is_adopted = false;
  friend bool operator==(const GroupChoice&, const GroupChoice&) = default;
};

[[nodiscard]] GroupChoice choose_group(const std::string& container_id, const ProcessFacts& init,
                                       const Snapshot& snapshot, const CgroupPaths& agent, const Claims& claims,
                                       const GroupPlace& place);

}  // namespace netclsd
