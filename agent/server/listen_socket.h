// Listening sockets. The server makes its own rather than have the HTTP library do it: only so is the Unix socket's
// mode right from its first moment, the backlog long enough for a node that starts a hundred containers at once, and
// the TCP port ours alone (the library sets SO_REUSEPORT).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "agent/config/listen_address.h"
#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace netclsd {

// Listens with mode 0600, or 0660 for a group that may connect, too, on PATH.new, then renames it to PATH: whoever
// finds the socket can connect, and a stale one of an agent that died is replaced. PATH is at most 103 characters. A
// file there that is no socket is an error.
[[nodiscard]] Result<UniqueFd> listen_on_unix(const std::string& path, std::optional<gid_t> readers = {});

[[nodiscard]] Result<UniqueFd> listen_on_tcp(const ListenAddress& address);
// Which port the kernel chose for port 0.
[[nodiscard]] Result<std::uint16_t> port_of(const UniqueFd& socket);

}  // namespace netclsd
