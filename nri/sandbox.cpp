#include "nri/sandbox.h"

#include <netclsd_nri_filter.h>

#include <iterator>

#include "common/sandbox/seccomp_filter.h"

namespace netclsd::nri {

Result<void> confine_nri(SeccompMode mode) {
  switch (mode) {
    case SeccompMode::kKill:
      return enforce({std::begin(kNriFilterKill), std::end(kNriFilterKill)});
    case SeccompMode::kRefuse:
      return enforce({std::begin(kNriFilterRefuse), std::end(kNriFilterRefuse)});
    case SeccompMode::kLog:
      return enforce({std::begin(kNriFilterLog), std::end(kNriFilterLog)});
    case SeccompMode::kOff:
      break;
  }
  return {};
}

}  // namespace netclsd::nri
