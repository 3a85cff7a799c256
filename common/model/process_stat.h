// What /proc/PID/stat says about a process, as far as we need it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/model/process.h"

namespace netclsd {

struct ProcessStat {
  Pid pid;
  std::string comm;           // any bytes, blanks and parentheses included
  char state = '?';           // R, S, D, Z, X, …
  Pid parent;                 // 0 outside of the reader's pid namespace
  std::uint64_t threads = 1;  // a zombie leader counts as one
  StartTime start_time;
  friend bool operator==(const ProcessStat&, const ProcessStat&) = default;
};

// std::nullopt: not the content of a stat file.
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view text);

// A leader thread that has exited while others live is a live process; a zombie alone waits for its parent.
[[nodiscard]] constexpr bool is_leader_dead(const ProcessStat& stat) { return stat.state == 'Z' || stat.state == 'X'; }
[[nodiscard]] constexpr bool is_dead(const ProcessStat& stat) { return is_leader_dead(stat) && stat.threads <= 1; }

}  // namespace netclsd
