// The hook's own seccomp policy (ADR 20). It parses annotations, which tenants write, and an agent's answer. So it may
// read files, write its own, place init and ask a Unix socket; it runs no program and opens no other connection.
#pragma once

#include "common/base/error.h"
#include "common/sandbox/seccomp_policy.h"

namespace netclsd::hook {

// policy.cpp. Compiled when the program is built (make_filter.cpp), since that takes half a millisecond, which each
// container's start would pay.
[[nodiscard]] SeccompPolicy hook_policy();

// Confines the calling thread, and the threads that it makes later. An error must not keep a container from starting.
[[nodiscard]] Result<void> confine_hook(SeccompMode mode);

}  // namespace netclsd::hook
