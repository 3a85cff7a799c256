#include "hook/sandbox.h"

#include <netclsd_hook_filter.h>

#include "common/sandbox/seccomp_filter.h"

namespace netclsd::hook {

Result<void> confine_hook(SeccompMode mode) {
  return enforce({.kill = kHookFilterKill, .refuse = kHookFilterRefuse, .log = kHookFilterLog}, mode);
}

}  // namespace netclsd::hook
