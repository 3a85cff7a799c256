// Which of the initial namespaces this process is outside of: what explains a silent proc connector.
#pragma once

#include <string>

#include "common/base/unique_fd.h"

namespace netclsd {

// One line naming the cause and the cure. `proc` is an open /proc.
[[nodiscard]] std::string explain_silence(const UniqueFd& proc);

}  // namespace netclsd
