// Which process is at the other end of a Unix socket's connection, and what may it do?
//
// root may do everything, members of the readers' group may GET and HEAD, all others are refused. And the process must
// live in the agent's own pid namespace: a container that was handed the socket's directory is refused even if its user
// is root.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/model/process.h"

namespace netclsd {

enum class Access { kEverything, kReading, kRefused };

struct Peer {
  Pid pid;  // 0: outside the agent's pid namespace and those below it
  uid_t user = 0;
  std::vector<gid_t> groups;               // with the primary one
  std::size_t pid_namespaces_between = 0;  // below the agent's own
};

struct PeerPolicy {
  std::optional<gid_t> readers;
};

// Pure.
[[nodiscard]] Access decide(const Peer& peer, const PeerPolicy& policy);

// Decides for one Unix socket. Any thread may ask. Holds /proc open.
class PeerGate {
 public:
  [[nodiscard]] static Result<PeerGate> open(const PeerPolicy& policy);

  struct Verdict {
    Access access = Access::kRefused;
    Peer peer;
  };
  // `socket` is connected. std::nullopt: the peer has exited, so nobody waits for an answer. An error: it cannot be
  // told now, for example because descriptors are lacking.
  [[nodiscard]] Result<std::optional<Verdict>> ask(int socket) const;

 private:
  PeerGate(const PeerPolicy& policy, UniqueFd proc) : policy_(policy), proc_(std::move(proc)) {}
  // In how many pid namespaces a process has a number, from the agent's /proc on.
  [[nodiscard]] Result<std::optional<std::size_t>> pid_namespaces_in(const std::string& file) const;

  PeerPolicy policy_;
  UniqueFd proc_;
  std::size_t own_pid_namespaces_ = 1;
};

// By name or number. kInvalid: there is no such group.
[[nodiscard]] Result<gid_t> find_group(const std::string& name_or_number);

}  // namespace netclsd
