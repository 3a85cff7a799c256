// UDP for containers that hold nothing but busybox (Debian's has no nc -u).
//
//   udp_tool send PORT COUNT [ADDRESS [GO [SIZE]]]  sends COUNT packets of SIZE bytes (default 1) to ADDRESS (default
//                                                   127.0.0.1); with GO not before a file of this name is there, but
//                                                   with a socket opened before
//   udp_tool stream PORT ADDRESS                    sends one every millisecond until killed
//   udp_tool flood PORT ADDRESS...                  sends some 20 Mbit/s to each until killed
//   udp_tool listen PORT                            holds a socket bound to PORT until killed
//
// With the variable SEGMENT in the environment the kernel, or the network card, cuts each packet into ones of as many
// bytes (UDP_SEGMENT).
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "addresses.h"

namespace {

constexpr unsigned kPause_us = 1'000;
constexpr std::array<char, 8'000> kPayload{};
constexpr std::size_t kFlood_bytes = 1'400;
constexpr int kFloodAtOnce = 2;  // packets to each address, then a pause
// What waits in a queue of the node may still be accounted to its socket, which then has no room for more. Many
// sockets have room for a long queue.
constexpr std::size_t kFloodSockets = 8;

int fail(const char* what) {
  std::perror(what);
  return 1;
}

struct Target {
  int socket_fd = -1;
  SocketAddress address;
};

bool open_target(Target& target, const char* address, const char* port) {
  if (!parse_address(target.address, address, port)) return false;
  target.socket_fd = socket(target.address.family(), SOCK_DGRAM, 0);
  const char* segment = std::getenv("SEGMENT");
  const int segment_bytes = segment == nullptr ? 0 : std::atoi(segment);  // 0: not cut
  if (segment != nullptr &&
      setsockopt(target.socket_fd, SOL_UDP, UDP_SEGMENT, &segment_bytes, sizeof segment_bytes) != 0)
    return false;
  return target.socket_fd >= 0;
}

bool send_one(const Target& target, std::size_t size, int flags = 0) {
  const auto sent =
      sendto(target.socket_fd, kPayload.data(), size, flags, target.address.generic(), target.address.length);
  return sent == static_cast<ssize_t>(size);
}

int send_packets(const Target& target, long count, std::size_t size) {
  for (long i = 0; i < count; ++i) {
    if (!send_one(target, size)) return fail("sendto");
  }
  return 0;
}

int stream(const Target& target) {
  for (;;) {
    send_one(target, 1);
    usleep(kPause_us);
  }
}

int flood(const char* port, char** addresses) {
  std::vector<Target> targets;
  for (; *addresses != nullptr; ++addresses) {
    for (std::size_t i = 0; i < kFloodSockets; ++i) {
      if (!open_target(targets.emplace_back(), *addresses, port)) return fail(*addresses);
    }
  }
  for (std::size_t turn = 0;; turn = (turn + 1) % kFloodSockets) {
    for (std::size_t at = turn; at < targets.size(); at += kFloodSockets) {
      for (int i = 0; i < kFloodAtOnce; ++i) send_one(targets[at], kFlood_bytes, MSG_DONTWAIT);
    }
    usleep(kPause_us);
  }
}

int listen_for_ever(const Target& target) {
  if (bind(target.socket_fd, target.address.generic(), target.address.length) != 0) return fail("bind");
  for (;;) pause();
}

// [PORT, COUNT, ADDRESS, GO, SIZE]
int send_when_told(int argc, char** argv) {
  Target target;
  if (!open_target(target, argc > 2 ? argv[2] : "127.0.0.1", argv[0])) return fail("open a socket");
  while (argc > 3 && access(argv[3], F_OK) != 0) usleep(kPause_us);
  const auto size = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 1;
  if (size > kPayload.size()) return fail("SIZE");
  return send_packets(target, std::atol(argv[1]), size);
}

int run_on_one(const char* verb, const char* port, const char* address) {
  Target target;
  if (!open_target(target, address, port)) return fail("open a socket");
  return std::strcmp(verb, "stream") == 0 ? stream(target) : listen_for_ever(target);
}

}  // namespace

int main(int argc, char** argv) {
  const char* verb = argc > 1 ? argv[1] : "";
  if (argc >= 4 && argc <= 7 && std::strcmp(verb, "send") == 0) return send_when_told(argc - 2, argv + 2);
  if (argc >= 4 && std::strcmp(verb, "flood") == 0) return flood(argv[2], argv + 3);
  if (argc == 4 && std::strcmp(verb, "stream") == 0) return run_on_one(verb, argv[2], argv[3]);
  if (argc == 3 && std::strcmp(verb, "listen") == 0) return run_on_one(verb, argv[2], "127.0.0.1");
  std::fprintf(stderr,
               "usage: udp_tool send PORT COUNT [ADDRESS [GO [SIZE]]] | stream PORT ADDRESS | flood PORT ADDRESS... | "
               "listen PORT\n");
  return 2;
}
