// The hook under its own seccomp policy: annotations, which tenants write, and an agent's answer are parsed by a
// process that can read files, write its own, place init and ask a Unix socket; it runs no program and opens no
// connection.
#pragma once

#include "common/base/error.h"
#include "common/sandbox/seccomp_mode.h"

namespace netclsd::hook {

// The calling thread and those that it makes from now on. An error is no reason to keep a container from starting.
[[nodiscard]] Result<void> confine_hook(SeccompMode mode);

}  // namespace netclsd::hook
