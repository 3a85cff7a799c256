// UDP on the loopback device, for containers that hold nothing but busybox (Debian's has no nc -u).
//
//   udp_tool send PORT COUNT    sends COUNT packets of one byte to 127.0.0.1:PORT
//   udp_tool listen PORT        holds a socket bound to PORT until killed
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

int fail(const char* what) {
  std::perror(what);
  return 1;
}

int send_packets(int socket_fd, const sockaddr* address, socklen_t length, int count) {
  for (int i = 0; i < count; ++i) {
    if (sendto(socket_fd, "x", 1, 0, address, length) != 1) return fail("sendto");
  }
  return 0;
}

int listen_for_ever(int socket_fd, const sockaddr* address, socklen_t length) {
  if (bind(socket_fd, address, length) != 0) return fail("bind");
  for (;;) pause();
}

}  // namespace

int main(int argc, char** argv) {
  const bool sends = argc == 4 && std::strcmp(argv[1], "send") == 0;
  const bool listens = argc == 3 && std::strcmp(argv[1], "listen") == 0;
  if (!sends && !listens) {
    std::fprintf(stderr, "usage: udp_tool send PORT COUNT | listen PORT\n");
    return 2;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (socket_fd < 0) return fail("socket");
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return sends ? send_packets(socket_fd, generic, sizeof address, std::atoi(argv[3]))
               : listen_for_ever(socket_fd, generic, sizeof address);
}
