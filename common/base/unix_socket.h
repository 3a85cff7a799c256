// Connecting to a Unix socket. Any thread; waits.
#pragma once

#include <chrono>
#include <string>

#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

// In bounded time. The error has the errno: EAGAIN if the backlog of the listener stayed full for the whole time.
[[nodiscard]] Result<UniqueFd> connect_unix(const std::string& path, std::chrono::milliseconds timeout);

}  // namespace netclsd
