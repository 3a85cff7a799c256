// What /proc/PID/stat says about a process, as far as we need it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/model/process.h"

namespace netclsd {

struct ProcessStat {
  Pid pid;
  std::string comm;  // any bytes, blanks and parentheses included
  char state = '?';  // R, S, D, Z, X, …
  Pid parent;        // 0 outside of the reader's pid namespace
  StartTime start_time;
  friend bool operator==(const ProcessStat&, const ProcessStat&) = default;
};

// std::nullopt: not the content of a stat file.
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view text);

// A zombie leader may still have living threads; a container's init that is about to start has none.
[[nodiscard]] constexpr bool is_dead(const ProcessStat& stat) { return stat.state == 'Z' || stat.state == 'X'; }

}  // namespace netclsd
