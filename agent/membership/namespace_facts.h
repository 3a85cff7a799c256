// Whether two processes live in one container, told by what /proc shows of their namespaces. Pure.
//
// /proc/PID/ns/pid says it best, but only to who may trace the process: not to an agent without capabilities, nor to
// one under Landlock. /proc/PID/status and /proc/PID/mountinfo are for everybody (docs/adr/0019).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace netclsd {

// 0: not read.
struct NamespaceFacts {
  std::uint64_t pid_namespace = 0;  // its inode number
  std::uint64_t pid_depth = 0;      // 1: the pid namespace of /proc itself; one more for each that is inside of it
  bool is_reaper = false;           // it is the first process of its pid namespace, which gets that one's orphans
  std::uint64_t root_mount = 0;     // the ID of the first mount it can reach: two mount namespaces never share one
  std::string root = {};            // what is mounted as "/": the file system's device and directory, "0:53 /"
  friend bool operator==(const NamespaceFacts&, const NamespaceFacts&) = default;
};

// From how the text of /proc/PID/mountinfo begins: the first mount that the process can reach, and what is at its "/".
[[nodiscard]] std::uint64_t parse_root_mount(std::string_view mountinfo);
[[nodiscard]] std::string parse_root(std::string_view mountinfo);  // empty: that is no mount, or comes later

// What no container has: the namespaces of the agent, and of pid 1. The agent may live in a container of its own.
struct Outside {
  NamespaceFacts agent;
  NamespaceFacts host;
};

// `other` is in init's container. False where that cannot be told. To be taken for a stranger costs a container its
// membership path; to take a stranger for its own may put others into its class. So each of these is proof enough:
//
// 1. One pid namespace, by its number, which is not the agent's. No container shares that but by being asked to.
// 2. One mount namespace, which is neither the agent's nor the host's, and as deep in pid namespaces as init. Who has
//    entered nothing but the container's mounts from the host is less deep, and a stranger.
//    Init may have the host's pid namespace. Then there is no such difference, and what is mounted as "/" must not be
//    the host's or the agent's either: daemons of the host may share a mount namespace, but have its "/".
// 3. The same directory of the same file system as "/", which is neither the agent's nor the host's, as deep as init,
//    which is deeper than the agent, and not the first process of a pid namespace: who was exec'd into the container
//    and has made a mount namespace of its own (`unshare -U -m` needs no privilege). A runtime gives each container a
//    file system, or a directory, of its own. Where two share one, the other's first process, which lives as long as
//    its pid namespace, is a stranger still.
[[nodiscard]] bool share_a_container(const NamespaceFacts& init, const NamespaceFacts& other, const Outside& outside);

}  // namespace netclsd
