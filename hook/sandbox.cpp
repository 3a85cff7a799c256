#include "hook/sandbox.h"

#include <netclsd_hook_filter.h>

#include <iterator>

#include "common/sandbox/seccomp_filter.h"

namespace netclsd::hook {

Result<void> confine_hook(SeccompMode mode) {
  switch (mode) {
    case SeccompMode::kKill:
      return enforce({std::begin(kHookFilterKill), std::end(kHookFilterKill)});
    case SeccompMode::kRefuse:
      return enforce({std::begin(kHookFilterRefuse), std::end(kHookFilterRefuse)});
    case SeccompMode::kLog:
      return enforce({std::begin(kHookFilterLog), std::end(kHookFilterLog)});
    case SeccompMode::kOff:
      break;
  }
  return {};
}

}  // namespace netclsd::hook
