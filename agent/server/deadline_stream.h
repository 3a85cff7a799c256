// One connection with a time limit for the whole request and one for the whole answer, and a limit on what is read. The
// HTTP library's own timeouts are for each read: a client that sends a byte a second would hold a worker for ever.
#pragma once

#include <httplib.h>

#include <array>
#include <chrono>
#include <string>

namespace netclsd {

struct StreamLimits {
  std::chrono::milliseconds read_timeout = std::chrono::seconds{2};
  std::chrono::milliseconds write_timeout = std::chrono::seconds{2};
  std::size_t read_max_bytes = 8U << 20;
};

class DeadlineStream : public httplib::Stream {
 public:
  // `socket` is borrowed. The time for reading begins now, the one for writing with the first write.
  DeadlineStream(int socket, StreamLimits limits);

  [[nodiscard]] bool is_readable() const override;
  [[nodiscard]] bool is_writable() const override;
  ssize_t read(char* out, std::size_t size) override;
  ssize_t write(const char* data, std::size_t size) override;  // all of it, or -1
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  [[nodiscard]] socket_t socket() const override { return socket_; }

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] bool wait_for(short events, Clock::time_point deadline) const;
  bool fill();

  const int socket_;
  const StreamLimits limits_;
  const Clock::time_point read_deadline_;
  Clock::time_point write_deadline_ = Clock::time_point::max();
  std::size_t received_ = 0;
  // The library reads headers byte by byte.
  std::array<char, 4096> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace netclsd
