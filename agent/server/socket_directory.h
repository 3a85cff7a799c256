// The directory of the agent's Unix socket: who may enter it is who may reach the socket.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "common/base/error.h"

namespace netclsd {

struct SocketDirectoryOptions {
  std::string path;
  bool is_ours = false;          // the state directory: its mode is corrected. Another one that exists is left alone
  std::optional<gid_t> readers;  // a group that may pass through
};

// Makes it if it is missing: for root alone, or with `readers` also for them. One that belongs to somebody else than
// root, or in which others may make files, is an error: they could put a socket of theirs in the place of ours.
[[nodiscard]] Result<void> prepare_socket_directory(const SocketDirectoryOptions& options);

}  // namespace netclsd
