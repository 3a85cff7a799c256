// The plugin's own seccomp policy (ADR 20). It parses what the runtime says, in which tenants' annotations are, and an
// agent's answer; and it holds a connection by which it could change every container of the node. So it may read files,
// write its own, place init and ask Unix sockets; it runs no program, makes no thread and opens no other connection.
#pragma once

#include "common/base/error.h"
#include "common/sandbox/seccomp_policy.h"

namespace netclsd::nri {

// policy.cpp. Compiled when the program is built (make_filter.cpp).
[[nodiscard]] SeccompPolicy nri_policy();

// Confines the process, which has one thread.
[[nodiscard]] Result<void> confine_nri(SeccompMode mode);

}  // namespace netclsd::nri
