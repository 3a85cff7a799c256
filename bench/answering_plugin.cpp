// The floor of an NRI plugin: it subscribes to the events of netclsd-nri, and answers each at once.
//
//   bench_answering_plugin SOCKET      ends with the connection
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>

#include "common/base/unix_socket.h"
#include "nri/session.h"

namespace netclsd::nri {
namespace {

bool send_all(const UniqueFd& socket, const std::string& bytes) {
  return bytes.empty() || ::send(socket.get(), bytes.data(), bytes.size(), 0) == std::ssize(bytes);
}

bool answer(const UniqueFd& socket, const Received& received) {
  if (!send_all(socket, received.to_send)) return false;
  for (const Starting& one : received.starting) {
    if (!send_all(socket, Session::let_start(one.stream))) return false;
  }
  return true;
}

int run(const char* path) {
  const auto socket = connect_unix(path, std::chrono::seconds{1});
  if (!socket || !send_all(*socket, Session::hello("answering", "10"))) return 1;
  Session session;
  bool is_told = false;
  std::array<char, 65'536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
  for (;;) {
    const ssize_t size = ::recv(socket->get(), buffer.data(), buffer.size(), 0);
    if (size <= 0) return 0;
    const auto received = session.receive({buffer.data(), static_cast<std::size_t>(size)});
    if (!received || !answer(*socket, *received)) return 1;
    if (session.is_synchronized() && !is_told) std::puts("registered");
    is_told = session.is_synchronized();
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace netclsd::nri

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  return argc == 2 ? netclsd::nri::run(argv[1]) : 2;
}
