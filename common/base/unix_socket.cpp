#include "common/base/unix_socket.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace netclsd {
namespace {

using std::chrono::milliseconds;

// A non-blocking connect to a Unix socket whose backlog is full fails at once with EAGAIN, and there is nothing to wait
// for. A blocking connect waits for SO_SNDTIMEO.
Result<void> limit_connect_time(const UniqueFd& socket, milliseconds timeout) {
  const auto us = std::chrono::microseconds(std::max(timeout, milliseconds(1))).count();  // 0: for ever
  timeval limit{};
  limit.tv_sec = us / 1'000'000;
  limit.tv_usec = us % 1'000'000;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0) return {};
  return system_failure(errno, "setsockopt SO_SNDTIMEO");
}

}  // namespace

Result<UniqueFd> connect_unix(const std::string& path, milliseconds timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return system_failure(ENAMETOOLONG, "connect to", path);
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return system_failure(errno, "make socket");
  if (auto limited = limit_connect_time(socket, timeout); !limited) return pass_on(limited.error());
  const void* generic = &address;
  while (::connect(socket.get(), static_cast<const sockaddr*>(generic), sizeof address) != 0) {
    if (errno != EINTR) return system_failure(errno, "connect to", path);
  }
  return socket;
}

}  // namespace netclsd
