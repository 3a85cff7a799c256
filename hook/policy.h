// The hook's own seccomp policy (ADR 20). Compiled at build time (hook/make_filter.cpp): compiling it takes half a
// millisecond, which every container's start would pay.
#pragma once

#include "common/sandbox/seccomp_policy.h"

namespace netclsd::hook {

[[nodiscard]] SeccompPolicy hook_policy();

}  // namespace netclsd::hook
