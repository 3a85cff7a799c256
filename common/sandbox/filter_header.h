// A policy that is compiled when a program is built: compiling takes half a millisecond, which each start would pay,
// and a static program then needs no libseccomp.
#pragma once

#include <string>

#include "common/base/error.h"
#include "common/sandbox/seccomp_policy.h"

namespace netclsd {

// A C++ header with the filters NAMEKill, NAMERefuse and NAMELog. `source` names the policy's file, for people.
[[nodiscard]] Result<std::string> filter_header(const SeccompPolicy& policy, const std::string& name,
                                                const std::string& source);

// The whole program of a build that makes one: the header to stdout. Returns the exit status.
[[nodiscard]] int print_filter_header(const SeccompPolicy& policy, const std::string& name, const std::string& source);

}  // namespace netclsd
