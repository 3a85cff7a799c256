// What is read from /proc: single processes, the time namespace, and how /proc is mounted. For the hook and netclsctl;
// the agent's loop reads processes with agent/host, which keeps /proc open.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/model/cgroup_paths.h"
#include "common/model/process.h"

namespace netclsd {

// `proc` is "/proc", or a directory tree in tests. std::nullopt: there is no such process.
[[nodiscard]] Result<std::optional<ProcessStat>> read_process_stat(const std::string& proc, Pid pid);
[[nodiscard]] Result<std::optional<CgroupPaths>> read_cgroup_paths(const std::string& proc, Pid pid);

// Time namespaces (Linux 5.6, time_namespaces(7)). The start time in /proc/PID/stat counts from the boot time of the
// *reader's* time namespace. So a reader in another time namespace than the agent reads another number for the same
// process. The agent runs only in the initial one, whose inode number is a constant of the kernel
// (include/linux/proc_ns.h).
inline constexpr std::string_view kInitialTimeNamespace = "time:[4026531834]";

// The target of /proc/self/ns/time. Empty: Linux before 5.6, or it cannot be read.
[[nodiscard]] std::string own_time_namespace(const std::string& proc);

// Converts a start time that this process has read to the initial time namespace. std::nullopt: that is not possible to
// the tick.
[[nodiscard]] std::optional<StartTime> in_initial_time(const std::string& proc, StartTime seen);

// By how many ticks boot is earlier in this time namespace, from the content of /proc/self/timens_offsets. Pure.
// std::nullopt: the content is not understood, or it is not a whole number of ticks.
[[nodiscard]] std::optional<std::int64_t> parse_boot_offset_ticks(std::string_view timens_offsets);

// The mount option hidepid of /proc hides a process from readers that may not trace it and are not in the group of the
// option gid (default: 0). The agent is in group 0, and may not trace any process (docs/adr/0019).
struct Hidepid {
  std::string options;       // as the kernel shows them: "hidepid=invisible,gid=4711"; empty: nothing is hidden
  bool hides_agent = false;  // processes are hidden from an agent that is only in group 0
};

// From the text of /proc/self/mountinfo: the options of the topmost mount at "/proc". Pure.
[[nodiscard]] Hidepid find_hidepid(std::string_view mountinfo);

// "/proc is mounted with hidepid=…, which hides …". The options must not be empty.
[[nodiscard]] std::string describe_hidepid(const Hidepid& hidepid);

}  // namespace netclsd
