// The classic BPF program on the connector's socket (docs/adr/0003). The kernel runs it on each event, and drops what
// the agent does not need before that wakes it up or takes room in the receive buffer. Pure.
//
// The connector's own event mask (Linux 6.6) is no substitute: a socket with a mask gets no acknowledgement, and older
// kernels ignore the request without an error.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "common/model/process.h"

namespace netclsd {

// Lets through what kEventKinds says: acknowledgements, forks of processes (not of threads), execs, and renames of
// `self`, the agent's pid: those are its canaries.
[[nodiscard]] std::vector<sock_filter> event_filter(Pid self);

}  // namespace netclsd
