#include "hook/input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace netclsd::hook {
namespace {

// Rounds up: poll(0) at the very end would spin.
int poll_time(Deadline deadline) { return static_cast<int>(deadline.left().count()) + 1; }

Result<void> wait_readable(int fd, Deadline deadline) {
  pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
  for (;;) {
    const int count = ::poll(&ready, 1, poll_time(deadline));
    if (count > 0) return {};
    if (count == 0) return failure(ErrorCode::kUnavailable, "the runtime did not finish writing the OCI state in time");
    if (errno != EINTR) return system_failure(errno, "poll stdin");
  }
}

}  // namespace

Result<std::string> read_until(int fd, std::size_t bytes_max, Deadline deadline) {
  std::string content;
  char buffer[16'384];
  while (content.size() <= bytes_max) {
    if (auto ready = wait_readable(fd, deadline); !ready) return pass_on(ready.error());
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return system_failure(errno, "read the OCI state from stdin");
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
  }
  return failure(ErrorCode::kTooLarge, "OCI state is larger than " + std::to_string(bytes_max) + " bytes");
}

}  // namespace netclsd::hook
