// The system calls that asking the agent and placing init need, in whichever program does it.
#pragma once

#include "common/sandbox/seccomp_policy.h"

namespace netclsd::hook {

[[nodiscard]] SeccompPolicy placing_policy();

}  // namespace netclsd::hook
