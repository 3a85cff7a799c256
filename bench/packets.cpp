// Sends UDP packets as fast as it can, from one connected socket.
//
//   bench_packets ADDRESS PORT
//
// Commands on stdin: `send N` sends N packets, answered by `elapsed_ns=N`.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr char kPayload[64] = {};

int connect_to(const char* address, const char* port) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (inet_pton(AF_INET, address, &target.sin_addr) != 1) return -1;
  const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) return -1;
  return descriptor;
}

// An error that an earlier packet got as an answer is reported once; the packet is sent at the second try.
bool send_one(int descriptor) {
  return send(descriptor, kPayload, sizeof kPayload, 0) > 0 || send(descriptor, kPayload, sizeof kPayload, 0) > 0;
}

long send_all(int descriptor, long count) {
  const auto began = std::chrono::steady_clock::now();
  for (long i = 0; i < count; ++i) {
    if (!send_one(descriptor)) return -1;
  }
  return std::chrono::nanoseconds(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int descriptor = argc == 3 ? connect_to(argv[1], argv[2]) : -1;
  if (descriptor < 0) {
    std::fprintf(stderr, "usage: bench_packets ADDRESS PORT, of IPv4\n");
    return 2;
  }
  char line[64];
  long count = 0;
  while (std::fgets(line, sizeof line, stdin) != nullptr && std::sscanf(line, "send %ld", &count) == 1) {
    const long elapsed_ns = send_all(descriptor, count);
    if (elapsed_ns < 0) return 1;
    std::printf("elapsed_ns=%ld\n", elapsed_ns);
    std::fflush(stdout);
  }
  return 0;
}
