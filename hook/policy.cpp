#include "hook/placement/placing_policy.h"
#include "hook/sandbox.h"

namespace netclsd::hook {

// Threads: the watchdog.
SeccompPolicy hook_policy() { return placing_policy().allow_making_threads(); }

}  // namespace netclsd::hook
