// One process as /proc showed it at one moment.
#pragma once

#include <vector>

#include "agent/core/namespace_facts.h"
#include "common/model/cgroup_paths.h"
#include "common/model/process.h"

namespace netclsd {

struct ProcessFacts {
  Pid pid{};
  Pid parent{};
  StartTime start_time{};
  CgroupPaths cgroups{};
  NamespaceFacts namespaces{};  // read only where registration needs them (agent/core/choice.h)
};

// All live processes. Not taken at one instant: a process may have ended or been born meanwhile.
using Snapshot = std::vector<ProcessFacts>;

}  // namespace netclsd
