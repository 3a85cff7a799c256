// A Unix socket that serves one connection with a function of the test's.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "common/base/file.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {

class UnixServer {
 public:
  // `serve` gets the connection, which is closed when it returns.
  explicit UnixServer(std::function<void(int connection)> serve)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path().data(), path().size());
    const void* generic = &address;
    ::bind(listener_.get(), static_cast<const sockaddr*>(generic), sizeof address);
    ::listen(listener_.get(), 8);
    thread_ = std::thread([this, serve = std::move(serve)] {
      const UniqueFd connection(::accept(listener_.get(), nullptr, nullptr));
      if (connection.is_open()) serve(connection.get());
    });
  }
  ~UnixServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
    thread_.join();
  }
  UnixServer(const UnixServer&) = delete;
  UnixServer& operator=(const UnixServer&) = delete;

  [[nodiscard]] std::string path() const { return directory_.path("agent.sock"); }

 private:
  TemporaryDirectory directory_;
  UniqueFd listener_;
  std::thread thread_;
};

inline void send_text(int connection, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// Until `end` has been seen or the client closes.
inline std::string receive_until(int connection, std::string_view end) {
  std::string text;
  char buffer[4096];
  while (end.empty() || text.find(end) == std::string::npos) {
    const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace netclsd
