// Who is at the other end of a Unix socket's connection, and what may it do?
//
// root: everything, the readers' group: GET and HEAD, everybody else: nothing. And whoever it is must live in the
// agent's own pid namespace: a container that was handed the socket's directory is refused even if its user is root,
// as nothing in its namespaces says that it is not.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/model/process.h"

namespace netclsd {

enum class Access { kEverything, kReading, kRefused };

struct Peer {
  Pid pid;  // 0: not of the agent's pid namespace, nor of one below
  uid_t user = 0;
  std::vector<gid_t> groups;               // the primary one, too
  std::size_t pid_namespaces_between = 0;  // below the agent's own
};

struct PeerPolicy {
  std::optional<gid_t> readers;
};

// Pure.
[[nodiscard]] Access decide(const Peer& peer, const PeerPolicy& policy);

// In how many pid namespaces a process has a number, counted from that of the /proc it is read from. Pure;
// std::nullopt: not the content of /proc/PID/status, nor of a pidfd's /proc/PID/fdinfo/FD.
[[nodiscard]] std::optional<std::size_t> count_pid_namespaces(std::string_view status);

// The gatekeeper of one Unix socket. Any thread may ask; it holds /proc.
class PeerGate {
 public:
  [[nodiscard]] static Result<PeerGate> open(const PeerPolicy& policy);

  struct Verdict {
    Access access = Access::kRefused;
    Peer peer;
  };
  // Of a connected socket. std::nullopt: the peer has ended, so nobody waits for an answer.
  [[nodiscard]] Result<std::optional<Verdict>> ask(int socket) const;

 private:
  PeerGate(const PeerPolicy& policy, UniqueFd proc) : policy_(policy), proc_(std::move(proc)) {}
  [[nodiscard]] Result<std::optional<std::size_t>> pid_namespaces_in(const std::string& file) const;

  PeerPolicy policy_;
  UniqueFd proc_;
  std::size_t own_pid_namespaces_ = 1;
};

// A group's name or number; kInvalid names a group that there is not.
[[nodiscard]] Result<gid_t> find_group(const std::string& name_or_number);

}  // namespace netclsd
