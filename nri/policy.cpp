#include "hook/placement/placing_policy.h"
#include "nri/sandbox.h"

namespace netclsd::nri {

SeccompPolicy nri_policy() { return hook::placing_policy(); }

}  // namespace netclsd::nri
