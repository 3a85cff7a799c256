// Processes, and what /proc/PID/stat and /proc/PID/status say about them (proc(5)). A pid is only a number: together
// with its start time it names one process until the next reboot. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netclsd {

// A thread group's id in the initial pid namespace.
struct Pid {
  std::int32_t value = 0;
  friend constexpr auto operator<=>(Pid, Pid) = default;
};

inline constexpr std::uint64_t kPidMax = 0x7fff'ffff;  // a pid that is read must be a positive 32-bit number

[[nodiscard]] inline std::string to_string(Pid pid) { return std::to_string(pid.value); }

// Field 22 of /proc/PID/stat: clock ticks (1/100 s) after boot.
struct StartTime {
  std::uint64_t ticks = 0;
  friend constexpr auto operator<=>(StartTime, StartTime) = default;
};

struct ProcessKey {
  Pid pid;
  StartTime start_time;
  friend constexpr auto operator<=>(const ProcessKey&, const ProcessKey&) = default;
};

// The fields of /proc/PID/stat that we need.
struct ProcessStat {
  Pid pid;
  std::string comm;           // any bytes, including blanks and parentheses
  char state = '?';           // R, S, D, Z, X, …
  Pid parent;                 // 0: not in the reader's pid namespace
  std::uint64_t threads = 1;  // a zombie leader counts as one
  StartTime start_time;
  friend bool operator==(const ProcessStat&, const ProcessStat&) = default;
};

// std::nullopt: this is not the content of a stat file.
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view text);

// The numbers that a process has in its pid namespaces, as texts that point into `status`: the first one in the
// namespace of the /proc that was read, the last one in its own. A process whose last number is "1" is the first of its
// namespace. `status` is the content of /proc/PID/status, or of a pidfd's /proc/PID/fdinfo/FD (the line NSpid). Empty:
// it is not.
[[nodiscard]] std::vector<std::string_view> pids_in_namespaces(std::string_view status);

// A process whose leader thread has exited lives as long as it has other threads. Without them it is a zombie.
[[nodiscard]] constexpr bool is_leader_dead(const ProcessStat& stat) { return stat.state == 'Z' || stat.state == 'X'; }
[[nodiscard]] constexpr bool is_dead(const ProcessStat& stat) { return is_leader_dead(stat) && stat.threads <= 1; }

}  // namespace netclsd

template <>
struct std::hash<netclsd::Pid> {
  std::size_t operator()(netclsd::Pid pid) const noexcept { return static_cast<std::size_t>(pid.value); }
};
