// The agent's two seccomp policies (docs/adr/0020). Each confines the calling thread alone, for good, and sets
// no_new_privs. Call it when the thread has opened what it will not be allowed to open, and has made its threads.
//
// After an error the thread is not confined, and must not go on. kUnavailable: this kernel has no seccomp filters.
//
// A confined thread can load no shared library, since that maps executable memory. So it must not call the name service
// (getpwnam, getgrnam, getaddrinfo), which loads its libraries at the first use.
#pragma once

#include "common/sandbox/seccomp_policy.h"

namespace netclsd {

[[nodiscard]] Result<void> confine_loop(SeccompMode mode);
[[nodiscard]] Result<void> confine_worker(SeccompMode mode);  // any thread of the API's server

// `has_service_manager`: the agent was started with NOTIFY_SOCKET, and will call sd_notify(3).
[[nodiscard]] SeccompPolicy loop_policy(bool has_service_manager);
[[nodiscard]] SeccompPolicy worker_policy();

}  // namespace netclsd
