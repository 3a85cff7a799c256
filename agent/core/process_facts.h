// One process as /proc showed it at one moment.
#pragma once

#include <cstdint>
#include <vector>

#include "common/model/cgroup_paths.h"
#include "common/model/process.h"

namespace netclsd {

struct ProcessFacts {
  Pid pid{};
  Pid parent{};
  StartTime start_time{};
  CgroupPaths cgroups{};
  // The pid namespace's inode number; 0: not read. Only registration needs it (agent/core/choice.h).
  std::uint64_t pid_namespace = 0;
};

// All live processes. Not taken at one instant: a process may have ended or been born meanwhile.
using Snapshot = std::vector<ProcessFacts>;

}  // namespace netclsd
