// Connecting to a Unix socket in bounded time.
#pragma once

#include <chrono>
#include <string>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace netclsd {

// kSystem with the errno: EAGAIN when the listener's backlog stayed full for the whole time.
[[nodiscard]] Result<UniqueFd> connect_unix(const std::string& path, std::chrono::milliseconds timeout);

}  // namespace netclsd
