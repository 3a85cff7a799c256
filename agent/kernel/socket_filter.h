// The classic BPF program on our connector socket: what we do not need is dropped in the kernel, before it wakes us or
// takes room in the receive buffer. The kernel's own event mask (6.6+) is worse: a masked socket loses its
// acknowledgement, and older kernels ignore the request silently. Pure.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "common/model/process.h"

namespace netclsd {

// Lets through: acknowledgements, forks of processes (not of threads), execs, and renames of `self` (the canary).
[[nodiscard]] std::vector<sock_filter> event_filter(Pid self);

}  // namespace netclsd
