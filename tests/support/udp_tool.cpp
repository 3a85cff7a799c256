// UDP for containers that hold nothing but busybox (Debian's has no nc -u).
//
//   udp_tool send PORT COUNT [ADDRESS [GO]]   sends COUNT packets of one byte to ADDRESS (default 127.0.0.1); with GO
//   not
//                                             before a file of this name is there, but with a socket opened before
//   udp_tool stream PORT ADDRESS              sends one every millisecond until killed
//   udp_tool listen PORT                      holds a socket bound to PORT until killed
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr unsigned kPause_us = 1'000;

int fail(const char* what) {
  std::perror(what);
  return 1;
}

struct Target {
  int socket_fd = -1;
  sockaddr_storage address{};
  socklen_t length = 0;
};

bool open_target(Target& target, const char* address, const char* port) {
  const auto number = htons(static_cast<std::uint16_t>(std::atoi(port)));
  auto* v4 = reinterpret_cast<sockaddr_in*>(&target.address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&target.address);
  if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = number;
    target.length = sizeof *v4;
  } else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = number;
    target.length = sizeof *v6;
  } else {
    return false;
  }
  target.socket_fd = socket(target.address.ss_family, SOCK_DGRAM, 0);
  return target.socket_fd >= 0;
}

int send_packets(const Target& target, long count, unsigned pause_us) {
  const auto* generic = reinterpret_cast<const sockaddr*>(&target.address);
  for (long i = 0; count < 0 || i < count; ++i) {
    if (sendto(target.socket_fd, "x", 1, 0, generic, target.length) != 1 && pause_us == 0) return fail("sendto");
    if (pause_us != 0) usleep(pause_us);
  }
  return 0;
}

int listen_for_ever(const Target& target) {
  if (bind(target.socket_fd, reinterpret_cast<const sockaddr*>(&target.address), target.length) != 0)
    return fail("bind");
  for (;;) pause();
}

int run(int argc, char** argv, const char* verb) {
  const bool sends = std::strcmp(verb, "send") == 0;
  const bool streams = std::strcmp(verb, "stream") == 0;
  const char* address = "127.0.0.1";
  if (sends && argc > 4) address = argv[4];
  if (streams) address = argv[3];
  Target target;
  if (!open_target(target, address, argv[2])) return fail("open a socket");
  if (streams) return send_packets(target, -1, kPause_us);
  if (!sends) return listen_for_ever(target);
  while (argc > 5 && access(argv[5], F_OK) != 0) usleep(kPause_us);
  return send_packets(target, std::atol(argv[3]), 0);
}

}  // namespace

int main(int argc, char** argv) {
  const char* verb = argc > 1 ? argv[1] : "";
  const bool sends = argc >= 4 && argc <= 6 && std::strcmp(verb, "send") == 0;
  const bool streams = argc == 4 && std::strcmp(verb, "stream") == 0;
  const bool listens = argc == 3 && std::strcmp(verb, "listen") == 0;
  if (sends || streams || listens) return run(argc, argv, verb);
  std::fprintf(stderr, "usage: udp_tool send PORT COUNT [ADDRESS [GO]] | stream PORT ADDRESS | listen PORT\n");
  return 2;
}
