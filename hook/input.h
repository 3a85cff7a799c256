// The state on stdin, read in bounded time and space.
#pragma once

#include <cstddef>
#include <string>

#include "common/base/error.h"
#include "hook/deadline.h"

namespace netclsd::hook {

// Everything up to end-of-file. kTooLarge above `bytes_max`, kUnavailable when the writer has not closed by `deadline`.
// `fd` is only borrowed.
[[nodiscard]] Result<std::string> read_until(int fd, std::size_t bytes_max, Deadline deadline);

}  // namespace netclsd::hook
