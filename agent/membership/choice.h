// The two choices made at registration: by which path a container's processes are known, and which group it gets. Pure.
//
// Never accept a shared path: the whole host would land in the class.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/membership/process_facts.h"
#include "agent/membership/targets.h"

namespace netclsd {

// The first of membership_candidates() that belongs to the container alone: not the root, not at or above the agent's
// own, and holding no stranger. A process is not a stranger if it is init, was exec'd into the container before it was
// registered (share_a_container()), or is a descendant of such a process. `agent` is the agent itself, as it reads it;
// what the host's own namespaces are, pid 1 in `snapshot` tells.
[[nodiscard]] std::optional<MembershipPath> choose_membership_path(const ProcessFacts& init, const Snapshot& snapshot,
                                                                   const ProcessFacts& agent);

// Why init has no path of its own. For good: each of its paths is the root, around the agent, or held by a process that
// is at home elsewhere (of the host, or the first of a pid namespace) and was there before (`seen_before`). The path of
// a daemon that is just being started anew must not seem to be that of a job of its.
struct Sharing {
  bool is_for_good = false;
  std::vector<ProcessKey> with;  // some who are at home elsewhere, for the next look
};
[[nodiscard]] Sharing judge_sharing(const ProcessFacts& init, const Snapshot& snapshot, const ProcessFacts& agent,
                                    const std::vector<ProcessKey>& seen_before);

// In the order of choice, without net_cls: the unified hierarchy, then the others in the kernel's order. But where the
// container has a directory of the same name in both, as on a hybrid host, the v1 hierarchies come first: with the
// systemd driver runc brings an exec'd process into those alone.
[[nodiscard]] std::vector<CgroupEntry> membership_candidates(const CgroupPaths& cgroups);

// After a restart the container's path holds entrants that do not descend from init, and the agent's cgroup namespace
// may be another: finds the path again in what init shows now, by as many names at its end as both namespaces show.
// std::nullopt, too, where that fits more than one directory: too high a one would take in strangers.
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
                                       const Snapshot& snapshot, const ProcessFacts& agent, const Targets& targets,
                                       const GroupPlace& place);

}  // namespace netclsd
