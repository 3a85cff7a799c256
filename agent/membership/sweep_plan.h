// Comparing all of /proc with the registrations: who is a member of what, and who is not where it belongs. Pure.
#pragma once

#include <vector>

#include "agent/membership/process_facts.h"
#include "agent/membership/targets.h"
#include "agent/membership/tracker.h"

namespace netclsd {

// Whether a process whose parent is `init` was born in init's container, as far as /proc tells. A process of another
// container may have joined init's pid namespace (`kubectl debug --target`, `--pid=container:`): when its parent ends,
// the kernel makes init its parent. So it must be where the container's processes are: at the membership path, or,
// where the container has none, at init's own path, or in the container's group. `init_cgroups` may be nullptr.
[[nodiscard]] bool may_be_born_to(const Init& init, const CgroupPaths* init_cgroups, const CgroupPaths& child,
                                  const Targets& targets);

struct Member {
  Pid pid;
  StartTime start_time;
  TargetNumber target;
  bool is_placed = false;
  friend bool operator==(const Member&, const Member&) = default;
};

// Every member in `snapshot`, in its order. A process is a member by its path, by descent from a registered init (if it
// may_be_born_to it) or from another member (parents in the snapshot), or because `tracker` knew this very process
// (same start) as one: an orphan's parent is gone.
[[nodiscard]] std::vector<Member> find_members(const Snapshot& snapshot, const std::vector<Init>& inits,
                                               const Targets& targets, const Tracker& tracker);

// The processes in `snapshot` that sit in a target's group and belong to no target: a reused pid was hit, or
// somebody wrote them there by hand. Only of targets with a membership path: elsewhere an orphan's place in the
// group is all that is known of it. Not of adopted groups: the runtime puts its processes there before they have their
// path.
[[nodiscard]] std::vector<Pid> find_foreigners(const Snapshot& snapshot, const std::vector<Member>& members,
                                               const Targets& targets);

}  // namespace netclsd
