// What the engine is told of its surroundings when it is made.
#pragma once

#include <cstddef>
#include <string>

#include "agent/membership/choice.h"
#include "common/model/process.h"

namespace netclsd {

struct EngineOptions {
  Pid self;                 // the agent's own pid, for comparing cgroup paths
  std::string mount_point;  // of the net_cls hierarchy, for people
  GroupPlace place;
  std::size_t spooled_before_ready = 100;  // entries, some 10 ms each; later rounds take up the rest
};

}  // namespace netclsd
