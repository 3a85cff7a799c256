#include "agent/server/deadline_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace netclsd {

DeadlineStream::DeadlineStream(int socket, StreamLimits limits)
    : socket_(socket), limits_(limits), read_deadline_(Clock::now() + limits.read_timeout) {}

bool DeadlineStream::wait_for(short events, Clock::time_point deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting{socket_, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) return false;
  }
}

bool DeadlineStream::is_readable() const { return begin_ < end_ || wait_for(POLLIN, read_deadline_); }

bool DeadlineStream::is_writable() const {
  const bool has_begun = write_deadline_ != Clock::time_point::max();
  return wait_for(POLLOUT, has_begun ? write_deadline_ : Clock::now() + limits_.write_timeout);
}

bool DeadlineStream::fill() {
  while (received_ < limits_.read_max_bytes && wait_for(POLLIN, read_deadline_)) {
    const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return false;
    begin_ = 0;
    end_ = static_cast<std::size_t>(got);
    received_ += end_;
    return true;
  }
  return false;
}

ssize_t DeadlineStream::read(char* out, std::size_t size) {
  if (begin_ == end_ && !fill()) return -1;
  const std::size_t count = std::min(size, end_ - begin_);
  std::memcpy(out, buffer_.data() + begin_, count);
  begin_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t DeadlineStream::write(const char* data, std::size_t size) {
  if (write_deadline_ == Clock::time_point::max()) write_deadline_ = Clock::now() + limits_.write_timeout;
  std::size_t sent = 0;
  while (sent < size) {
    if (!wait_for(POLLOUT, write_deadline_)) return -1;
    const ssize_t count = ::send(socket_, data + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return -1;
    sent += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(sent);
}

// Nobody asks: access is the socket file's mode, or loopback.
void DeadlineStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void DeadlineStream::get_local_ip_and_port(std::string& ip, int& port) const { get_remote_ip_and_port(ip, port); }

}  // namespace netclsd
