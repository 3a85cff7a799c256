// Processes. A pid is only a number: together with its start time it names one process until the next reboot.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace netclsd {

// A thread group's id in the initial pid namespace.
struct Pid {
  std::int32_t value = 0;
  friend constexpr auto operator<=>(Pid, Pid) = default;
};

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

}  // namespace netclsd

template <>
struct std::hash<netclsd::Pid> {
  std::size_t operator()(netclsd::Pid pid) const noexcept { return static_cast<std::size_t>(pid.value); }
};
