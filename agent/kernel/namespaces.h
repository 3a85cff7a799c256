// What kernel this is, and which of its initial namespaces this process is outside of: what explains a silent proc
// connector.
#pragma once

#include <string>

#include "common/base/unique_fd.h"

namespace netclsd {

// One line naming the cause and the cure. `proc` is an open /proc.
[[nodiscard]] std::string explain_silence(const UniqueFd& proc);

// "6.1.0-28-amd64"
[[nodiscard]] std::string kernel_release();

}  // namespace netclsd
