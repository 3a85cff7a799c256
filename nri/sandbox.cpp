#include "nri/sandbox.h"

#include <netclsd_nri_filter.h>

#include "common/sandbox/seccomp_filter.h"

namespace netclsd::nri {

Result<void> confine_nri(SeccompMode mode) {
  return enforce({.kill = kNriFilterKill, .refuse = kNriFilterRefuse, .log = kNriFilterLog}, mode);
}

}  // namespace netclsd::nri
