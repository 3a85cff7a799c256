// Lets whoever starts a program choose its faults: the environment variable NETCLSD_FAULTS (see fault_plan.h).
#pragma once

#include "common/base/error.h"
#include "common/base/fault_point.h"

namespace netclsd {

[[nodiscard]] Result<void> read_faults_from_environment();

// Called by main(), before anything else. In builds without fault points the variable means nothing.
[[nodiscard]] inline Result<void> arm_faults() {
  if constexpr (kHasFaultPoints) return read_faults_from_environment();
  return {};
}

}  // namespace netclsd
