// What the engine is told of its surroundings when it is made.
#pragma once

#include <string>

#include "agent/core/choice.h"
#include "common/model/process.h"

namespace netclsd {

struct EngineOptions {
  Pid self;                 // the agent's own pid, for comparing cgroup paths
  std::string mount_point;  // of the net_cls hierarchy, for people
  GroupPlace place;
};

}  // namespace netclsd
