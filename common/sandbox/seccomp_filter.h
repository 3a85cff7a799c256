// A compiled policy: a program of classic BPF that the kernel runs before each system call.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "common/base/error.h"

namespace netclsd {

// Stands in a filter for the process id of whoever is put under it, which a filter made at build time cannot know. No
// process has it: the kernel's largest is 4194304.
inline constexpr int kItself = 0x7e7c'1550;

using SeccompFilter = std::vector<sock_filter>;

// Sets no_new_privs and puts the calling thread under `filter`, for good, with all threads and processes that it makes
// from now on; other threads stay as they are. kUnavailable: this kernel has no seccomp filters, and nothing changed.
[[nodiscard]] Result<void> enforce(const SeccompFilter& filter);

}  // namespace netclsd
