// Reading /proc: all of it, or what surrounds one init. Loop thread only.
#pragma once

#include "agent/host/host.h"
#include "agent/placing/intake.h"

namespace netclsd {

inline constexpr std::size_t kProcessesPerSlice = 512;

// All processes. With an intake, events are drained after each kProcessesPerSlice.
// All or nothing: an error if descriptors or memory run out, since a missing process would be taken for gone. A process
// that cannot be read for another reason has no cgroups in the snapshot, and perhaps no parent.
[[nodiscard]] Result<Snapshot> take_snapshot(Processes& processes, Intake* intake = nullptr);

// Reads the processes at `paths` or below, and pid 1, once more and with their namespaces. A process that has ended is
// dropped: it does not tell whose a path is. Errors as in take_snapshot().
[[nodiscard]] Result<void> look_closely(Processes& processes, Snapshot& snapshot, const CgroupPaths& paths);

// What registering an init needs of /proc before the first instruction of that init, when it has no children: the
// processes that share a path with it, and their ancestors.
struct Neighbourhood {
  Snapshot processes;
  CgroupPaths paths;  // those of init's that were looked into: a beginning of membership_candidates(), and net_cls
  bool is_complete = false;  // all of them
};

// Stops at the first path that cannot be listed, or that too many processes share. std::nullopt if that path is in the
// net_cls hierarchy. Errors as in take_snapshot().
[[nodiscard]] Result<std::optional<Neighbourhood>> take_neighbourhood(Processes& processes, Cgroups& cgroups,
                                                                      const ProcessFacts& init);

}  // namespace netclsd
