// One process as /proc showed it at one moment.
#pragma once

#include <vector>

#include "agent/membership/namespace_facts.h"
#include "common/model/cgroup_paths.h"
#include "common/model/process.h"

namespace netclsd {

struct ProcessFacts {
  Pid pid{};
  Pid parent{};
  StartTime start_time{};
  CgroupPaths cgroups{};        // empty: they could not be read, and may be any
  NamespaceFacts namespaces{};  // read only where registration needs them (agent/membership/choice.h)
};

// All live processes. Not taken at one instant: a process may have ended or been born meanwhile.
using Snapshot = std::vector<ProcessFacts>;

}  // namespace netclsd
