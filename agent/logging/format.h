// Log lines as text. Pure: the time is an argument. No line feed at the end, none inside.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "agent/logging/log.h"

namespace netclsd {

// "2026-11-21T20:00:00.123Z"
[[nodiscard]] std::string format_time(std::chrono::system_clock::time_point time);

struct LogLine {
  std::chrono::system_clock::time_point time;
  LogLevel level;
  std::string_view event;
  std::span<const LogField> fields;
};

// Values with white space, quotes, '=', control characters, or nothing in them are quoted and escaped: what a tenant
// wrote into an annotation cannot forge a second line or field.
[[nodiscard]] std::string format_text(const LogLine& line);
// One JSON object; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string format_json(const LogLine& line);

}  // namespace netclsd
