// Whether two processes live in one container, told by what /proc shows of their namespaces. Pure.
//
// /proc/PID/ns/pid says it best, but only to who may trace the process: not to an agent without capabilities, nor to
// one under Landlock. /proc/PID/status and /proc/PID/mountinfo are for everybody (docs/adr/0019).
#pragma once

#include <cstdint>
#include <string_view>

namespace netclsd {

// 0: not read.
struct NamespaceFacts {
  std::uint64_t pid_namespace = 0;  // its inode number
  std::uint64_t pid_depth = 0;      // 1: the pid namespace of /proc itself; one more for each that is inside of it
  std::uint64_t root_mount = 0;     // the ID of the mount it sees as "/": two mount namespaces never share one
  friend bool operator==(const NamespaceFacts&, const NamespaceFacts&) = default;
};

// From the text of /proc/PID/status: as many as there are numbers in its NSpid line.
[[nodiscard]] std::uint64_t parse_pid_depth(std::string_view status);

// From how the text of /proc/PID/mountinfo begins: the first mount that the process can reach.
[[nodiscard]] std::uint64_t parse_root_mount(std::string_view mountinfo);

// Both are in one container, which is not what the agent lives in. False where that cannot be told.
[[nodiscard]] bool share_a_container(const NamespaceFacts& one, const NamespaceFacts& other,
                                     const NamespaceFacts& agent);

}  // namespace netclsd
