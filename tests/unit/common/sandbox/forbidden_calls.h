// What no policy of ours allows.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/common/sandbox/filter_evaluation.h"

namespace netclsd {

// What `judge` lets pass, by name, of: system calls that nobody of us may make, whatever their arguments are;
// executable memory; processes, as opposed to threads; writing through links; and calls of other architectures.
[[nodiscard]] std::vector<std::string> breaches(const Judge& judge);

}  // namespace netclsd
