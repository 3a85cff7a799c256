// Reading /proc: all of it, in slices, so that the event socket is not starved meanwhile; or one init's surroundings.
#pragma once

#include <functional>

#include "agent/engine/host.h"

namespace netclsd {

inline constexpr std::size_t kProcessesPerSlice = 512;

// `between_slices` may be empty: then nothing is drained until the end.
[[nodiscard]] Result<Snapshot> take_snapshot(Processes& processes, const std::function<void()>& between_slices = {});

// Of /proc only what matters for registering `init` before its first instruction, when it cannot have children: who
// shares a path with it, and the ancestors of all of those.
struct Neighbourhood {
  Snapshot processes;
  CgroupPaths paths;  // those of init's that were looked into: a beginning of membership_candidates(), and net_cls
  bool is_complete = false;  // all of them
};

// Stops at the first path that cannot be looked into, or that too many share. std::nullopt if that is net_cls's.
[[nodiscard]] std::optional<Neighbourhood> take_neighbourhood(Processes& processes, Cgroups& cgroups,
                                                              const ProcessFacts& init);

}  // namespace netclsd
