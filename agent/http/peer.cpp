#include "agent/http/peer.h"

#include <grp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "common/base/file.h"
#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr int kSoPeerPidfd = 77;  // SO_PEERPIDFD, Linux 6.5: Debian 12's headers are older

constexpr std::size_t kStatusMax_bytes = 1U << 20;  // most of it the 65,536 groups a process may have
constexpr std::size_t kGroupsAtFirst = 64;
constexpr std::size_t kGroupEntryMax_bytes = 1U << 20;  // a group's line with all of its members

Result<ucred> credentials_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return system_failure(errno, "read a peer's credentials");
  }
  return credentials;
}

// The groups that the peer had when it connected; the same holds for its other credentials.
Result<std::vector<gid_t>> groups_of(int socket) {
  std::vector<gid_t> groups(kGroupsAtFirst);
  for (;;) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const int result = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
    const int error = result == 0 ? 0 : errno;
    const std::size_t count = size / sizeof(gid_t);
    if (error == ERANGE && count > groups.size()) {  // `size` says how much is needed
      groups.resize(count);
      continue;
    }
    if (error != 0) return system_failure(error, "read a peer's groups");
    groups.resize(count);
    return groups;
  }
}

bool is_gone(const Error& error) { return error.sys_errno() == ENOENT || error.sys_errno() == ESRCH; }

// A descriptor of the process that connected. Its number alone is not enough: the process may have exited, and the
// number may be another's now. Not open: the kernel is older than 6.5. std::nullopt: the process has exited.
Result<std::optional<UniqueFd>> pidfd_of(int socket) {
  int fd = -1;
  socklen_t size = sizeof fd;
  if (::getsockopt(socket, SOL_SOCKET, kSoPeerPidfd, &fd, &size) == 0) return std::optional(UniqueFd(fd));
  if (errno == ENOPROTOOPT) return std::optional(UniqueFd());
  if (errno == ESRCH || errno == EINVAL) return std::nullopt;
  return system_failure(errno, "make a peer's pidfd");
}

bool has_ended(const UniqueFd& pidfd) {
  if (!pidfd.is_open()) return false;
  pollfd ending{pidfd.get(), POLLIN, 0};
  return ::poll(&ending, 1, 0) > 0;
}

}  // namespace

Access decide(const Peer& peer, const PeerPolicy& policy) {
  if (peer.pid.value <= 0 || peer.pid_namespaces_between != 0) return Access::kRefused;
  if (peer.user == 0) return Access::kEverything;
  const bool is_reader =
      policy.readers && std::find(peer.groups.begin(), peer.groups.end(), *policy.readers) != peer.groups.end();
  return is_reader ? Access::kReading : Access::kRefused;
}

Result<PeerGate> PeerGate::open(const PeerPolicy& policy) {
  auto proc = open_directory("/proc");
  if (!proc) return pass_on(proc.error());
  PeerGate gate(policy, std::move(*proc));
  const auto own = gate.pid_namespaces_in("self/status");
  if (!own) return pass_on(own.error());
  gate.own_pid_namespaces_ = own->value_or(1);
  return gate;
}

Result<std::optional<std::size_t>> PeerGate::pid_namespaces_in(const std::string& file) const {
  const auto status = read_generated_at(proc_, file, kStatusMax_bytes);
  if (!status && is_gone(status.error())) return std::nullopt;
  if (!status) return pass_on(status.error());
  const std::size_t count = pids_in_namespaces(*status).size();
  return count == 0 ? std::nullopt : std::optional(count);
}

Result<std::optional<PeerGate::Verdict>> PeerGate::ask(int socket) const {
  const auto credentials = credentials_of(socket);
  if (!credentials) return pass_on(credentials.error());
  Peer peer{.pid = Pid{credentials->pid}, .user = credentials->uid, .groups = {credentials->gid}};
  if (peer.pid.value <= 0) return Verdict{Access::kRefused, peer};
  const auto pidfd = pidfd_of(socket);
  if (!pidfd) return pass_on(pidfd.error());
  if (!*pidfd) return std::nullopt;
  // fdinfo of a pidfd is about that very process, whoever has its number now, and is cheaper to read.
  const auto namespaces = pid_namespaces_in((*pidfd)->is_open() ? "self/fdinfo/" + std::to_string((*pidfd)->get())
                                                                : to_string(peer.pid) + "/status");
  if (!namespaces) return pass_on(namespaces.error());
  if (!*namespaces || has_ended(**pidfd)) return std::nullopt;
  peer.pid_namespaces_between = **namespaces - own_pid_namespaces_;
  if (peer.user != 0 && policy_.readers) {
    const auto groups = groups_of(socket);
    if (!groups) return pass_on(groups.error());
    peer.groups.insert(peer.groups.end(), groups->begin(), groups->end());
  }
  return Verdict{decide(peer, policy_), peer};
}

Result<gid_t> find_group(const std::string& name_or_number) {
  if (const auto number = parse_unsigned(name_or_number)) {
    // The last number means "leave it as it is" to chown().
    if (*number >= std::numeric_limits<gid_t>::max()) return invalid("socket_group " + name_or_number + " is no group");
    return static_cast<gid_t>(*number);
  }
  std::vector<char> buffer(kGroupEntryMax_bytes);
  group entry{};
  group* found = nullptr;
  const int error = ::getgrnam_r(name_or_number.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return entry.gr_gid;
  if (error == 0) return invalid("socket_group: there is no group " + name_or_number);
  return system_failure(error, "look up group", name_or_number);
}

}  // namespace netclsd
