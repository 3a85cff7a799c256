// TCP for containers that hold nothing but busybox. Bytes go one way; who sends closes its end, and then waits for the
// other's: so all bytes have arrived when it ends. GO: it waits until a file of this name is there.
//
//   tcp_tool send PORT BYTES ADDRESS [GO]   connects, waits for GO, sends
//   tcp_tool serve PORT BYTES [GO]          listens, waits for GO, accepts one connection, sends
//   tcp_tool fetch PORT ADDRESS             connects, reads all
//   tcp_tool sink PORT                      accepts all connections and reads them, until killed
//   tcp_tool flood PORT ADDRESS...          sends to each address as fast as it goes, until killed
//   tcp_tool pass NAME PORT ADDRESS         connects, gives the socket to whoever takes it at the abstract Unix address
//                                           NAME, and holds its own descriptor until killed
//   tcp_tool take NAME BYTES [GO]           takes a socket there, waits for GO, sends
//
// With the variable MPTCP in the environment it is Multipath TCP.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "addresses.h"

namespace {

constexpr unsigned kPause_us = 1'000;
constexpr std::array<char, 65'536> kPayload{};
constexpr int kMultipath = 262;  // IPPROTO_MPTCP
constexpr int kTriesMax = 10'000;
constexpr std::size_t kConnectionsMax = 64;
// Fills the queue of a slow class also while this process waits for its turn.
constexpr int kFloodBuffer_bytes = 400'000;

int fail(const char* what) {
  std::perror(what);
  return 1;
}

int protocol() { return std::getenv("MPTCP") != nullptr ? kMultipath : 0; }

void wait_for(const char* go) {
  while (go != nullptr && access(go, F_OK) != 0) usleep(kPause_us);
}

// -1: errno says why not. Who is to listen there may only be starting.
int connect_to(const char* address, const char* port, int buffer_bytes = 0) {
  SocketAddress there;
  if (!parse_address(there, address, port)) return -1;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const int fd = socket(there.family(), SOCK_STREAM, protocol());
    if (buffer_bytes != 0) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
    if (connect(fd, there.generic(), there.length) == 0) return fd;
    if (errno != ECONNREFUSED) return -1;
    close(fd);
    usleep(kPause_us);
  }
  return -1;
}

int listen_at(const char* port) {
  SocketAddress any;
  parse_address(any, "::", port);  // IPv4, too
  const int fd = socket(AF_INET6, SOCK_STREAM, protocol());
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind(fd, any.generic(), any.length) == 0 && listen(fd, 64) == 0 ? fd : -1;
}

int read_all(int fd) {
  static std::array<char, 65'536> ignored;
  ssize_t got = 0;
  do got = read(fd, ignored.data(), ignored.size());
  while (got > 0);
  return got == 0 ? 0 : fail("read");
}

int send_bytes(int fd, const char* bytes) {
  for (auto left = std::strtoul(bytes, nullptr, 10); left > 0;) {
    const auto sent = write(fd, kPayload.data(), left < kPayload.size() ? left : kPayload.size());
    if (sent <= 0) return fail("write");
    left -= static_cast<std::size_t>(sent);
  }
  if (shutdown(fd, SHUT_WR) != 0) return fail("shutdown");
  return read_all(fd);
}

int send_to(const char* port, const char* bytes, const char* address, const char* go) {
  const int fd = connect_to(address, port);
  if (fd < 0) return fail("connect");
  wait_for(go);
  return send_bytes(fd, bytes);
}

// Does not close its end first: the other's socket stays established.
int fetch(const char* port, const char* address) {
  const int fd = connect_to(address, port);
  return fd < 0 ? fail("connect") : read_all(fd);
}

int serve(const char* port, const char* bytes, const char* go) {
  const int listener = listen_at(port);
  if (listener < 0) return fail("listen");
  wait_for(go);
  const int fd = accept(listener, nullptr, nullptr);
  return fd < 0 ? fail("accept") : send_bytes(fd, bytes);
}

int sink(const char* port) {
  std::vector<pollfd> open = {{listen_at(port), POLLIN, 0}};
  if (open[0].fd < 0) return fail("listen");
  static std::array<char, 65'536> ignored;
  for (;;) {
    poll(open.data(), open.size(), -1);
    for (std::size_t i = open.size() - 1; i > 0; --i) {
      if (open[i].revents == 0 || read(open[i].fd, ignored.data(), ignored.size()) > 0) continue;
      close(open[i].fd);
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (open[0].revents == 0) continue;
    const int fd = accept(open[0].fd, nullptr, nullptr);
    if (fd >= 0 && open.size() > kConnectionsMax) return fail("too many connections");
    if (fd >= 0) open.push_back({fd, POLLIN, 0});
  }
}

int flood(const char* port, char** addresses) {
  std::vector<pollfd> open;
  for (; *addresses != nullptr; ++addresses) {
    const int fd = connect_to(*addresses, port, kFloodBuffer_bytes);
    if (fd < 0) return fail(*addresses);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    open.push_back({fd, POLLOUT, 0});
  }
  for (;;) {
    poll(open.data(), open.size(), -1);
    for (const pollfd& each : open) {
      if (each.revents != 0 && write(each.fd, kPayload.data(), kPayload.size()) == 0) return fail("write");
    }
  }
}

sockaddr_un abstract_address(const char* name, socklen_t& length) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
  length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::strlen(address.sun_path + 1));
  return address;
}

// A message of one byte with room for one descriptor.
struct Letter {
  char byte = 'x';
  iovec content{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};

  Letter() {
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
};

int accept_at(const char* name) {
  socklen_t length = 0;
  const sockaddr_un here = abstract_address(name, length);
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  int taker = -1;
  if (bind(listener, reinterpret_cast<const sockaddr*>(&here), length) == 0 && listen(listener, 1) == 0)
    taker = accept(listener, nullptr, nullptr);
  close(listener);
  return taker;
}

int pass(const char* name, const char* port, const char* address) {
  int fd = connect_to(address, port);
  if (fd < 0) return fail("connect");
  const int taker = accept_at(name);
  if (taker < 0) return fail("accept");
  Letter letter;
  cmsghdr* header = CMSG_FIRSTHDR(&letter.message);
  *header = {CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (sendmsg(taker, &letter.message, 0) != 1) return fail("sendmsg");
  for (;;) pause();
}

int take(const char* name, const char* bytes, const char* go) {
  socklen_t length = 0;
  const sockaddr_un there = abstract_address(name, length);
  const int giver = socket(AF_UNIX, SOCK_STREAM, 0);
  while (connect(giver, reinterpret_cast<const sockaddr*>(&there), length) != 0) usleep(kPause_us);
  Letter letter;
  if (recvmsg(giver, &letter.message, 0) != 1) return fail("recvmsg");
  const cmsghdr* header = CMSG_FIRSTHDR(&letter.message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return fail("no descriptor");
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  wait_for(go);
  return send_bytes(fd, bytes);
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  const char* verb = argc > 1 ? argv[1] : "";
  const auto is = [&](const char* name, int least, int most) {
    return std::strcmp(verb, name) == 0 && argc - 2 >= least && argc - 2 <= most;
  };
  // argv ends with a nullptr: an argument that may be missing is one.
  if (is("send", 3, 4)) return send_to(argv[2], argv[3], argv[4], argv[5]);
  if (is("serve", 2, 3)) return serve(argv[2], argv[3], argv[4]);
  if (is("fetch", 2, 2)) return fetch(argv[2], argv[3]);
  if (is("sink", 1, 1)) return sink(argv[2]);
  if (is("flood", 2, kConnectionsMax)) return flood(argv[2], argv + 3);
  if (is("pass", 3, 3)) return pass(argv[2], argv[3], argv[4]);
  if (is("take", 2, 3)) return take(argv[2], argv[3], argv[4]);
  std::fprintf(stderr, "usage: tcp_tool send|serve|fetch|sink|flood|pass|take ...; see tcp_tool.cpp\n");
  return 2;
}
