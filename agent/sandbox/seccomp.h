// The agent's two seccomp policies (ADR 20). Each confines the calling thread alone, for good, and sets no_new_privs;
// call it when the thread has opened what it will not be allowed to open, and has made its threads.
//
// kUnavailable: this kernel has no seccomp filters; the agent may go on without. Other errors must end it.
//
// From then on nobody may load a shared library: that maps executable memory. In particular no name service calls
// (getpwnam, getgrnam, getaddrinfo), which load theirs at the first use.
#pragma once

#include "common/sandbox/seccomp_policy.h"

namespace netclsd {

[[nodiscard]] Result<void> confine_loop(SeccompMode mode);
[[nodiscard]] Result<void> confine_worker(SeccompMode mode);  // any thread of the API's server

// `has_service_manager`: somebody wants to be told by sd_notify.
[[nodiscard]] SeccompPolicy loop_policy(bool has_service_manager);
[[nodiscard]] SeccompPolicy worker_policy();

}  // namespace netclsd
