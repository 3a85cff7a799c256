// Comparing all of /proc with the registrations: who is a member of what, and who is not where it belongs. Pure.
#pragma once

#include <vector>

#include "agent/core/claims.h"
#include "agent/core/process_facts.h"
#include "agent/core/tracker.h"

namespace netclsd {

struct Init {
  ContainerNumber container;
  ProcessKey process;
};

struct Member {
  Pid pid;
  StartTime start_time;
  ContainerNumber container;
  bool is_placed = false;
  friend bool operator==(const Member&, const Member&) = default;
};

// Every member in `snapshot`, in its order. A process is a member by its path, by descent from a registered init or
// from another member (parents in the snapshot), or because `tracker` knew this very process (same start) as one: an
// orphan's parent is gone.
[[nodiscard]] std::vector<Member> find_members(const Snapshot& snapshot, const std::vector<Init>& inits,
                                               const Claims& claims, const Tracker& tracker);

// The processes in `snapshot` that sit in a registration's group and belong to no container: a reused pid was hit, or
// somebody wrote them there by hand. Only of containers with a membership path: elsewhere an orphan's place in the
// group is all that is known of it. Not of adopted groups: the runtime puts its processes there before they have their
// path.
[[nodiscard]] std::vector<Pid> find_foreigners(const Snapshot& snapshot, const std::vector<Member>& members,
                                               const Claims& claims);

}  // namespace netclsd
