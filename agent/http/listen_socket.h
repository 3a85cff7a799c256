// Listening sockets, and the directory of the agent's Unix socket: whoever may enter the directory can reach the
// socket.
//
// The server makes its own sockets instead of leaving that to the HTTP library. Only then is the Unix socket's mode
// right from its first moment, the backlog long enough for a node that starts a hundred containers at once, and the TCP
// port ours alone (the library sets SO_REUSEPORT).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "agent/config/config.h"
#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

struct SocketDirectoryOptions {
  std::string path;
  bool is_ours = false;          // the state directory: its mode is corrected. Any other existing one is left alone
  std::optional<gid_t> readers;  // a group that may pass through
};

// Makes the directory if it is missing: for root alone, or for `readers` as well. It is an error if it belongs to
// somebody else than root, or if others may make files in it: they could replace our socket with one of theirs.
[[nodiscard]] Result<void> prepare_socket_directory(const SocketDirectoryOptions& options);

// Listens on PATH.new with mode 0600, or with 0660 for a group that may also connect, and then renames it to PATH. So
// whoever finds the socket can connect, and a stale one of an agent that died is replaced. PATH is at most 103
// characters. A file there that is not a socket is an error.
[[nodiscard]] Result<UniqueFd> listen_on_unix(const std::string& path, std::optional<gid_t> readers = {});

[[nodiscard]] Result<UniqueFd> listen_on_tcp(const ListenAddress& address);
// The port that the kernel chose for port 0.
[[nodiscard]] Result<std::uint16_t> port_of(const UniqueFd& socket);

}  // namespace netclsd
