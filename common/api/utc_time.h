// Time as the API and the log file write it. Pure.
#pragma once

#include <chrono>
#include <string>

namespace netclsd {

// RFC 3339 in UTC with milliseconds: "2024-02-29T12:00:00.250Z".
[[nodiscard]] std::string format_utc(std::chrono::system_clock::time_point time);

}  // namespace netclsd
