// Sends datagrams that look like the kernel's process events to somebody's connector socket.
//
//   forger PORT PARENT CHILD       PORT: the socket's netlink port, 0 for the multicast group of process events
//
// Each datagram says that PARENT forked CHILD, that CHILD called exec, or nothing sensible: all of them whole, cut
// short and padded. Prints `sent=N refused=N` and, if all were refused, the reason.
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr int kRounds = 200;
constexpr std::size_t kEvent_bytes = 76;
constexpr std::uint32_t kFork = 0x1;
constexpr std::uint32_t kExec = 0x2;

using Datagram = std::vector<unsigned char>;

template <typename T>
void put(Datagram& datagram, std::size_t at, T value) {
  std::memcpy(datagram.data() + at, &value, sizeof value);
}

std::uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

// Offsets as in the kernel's messages: what 36, cpu 40, time 44, data 52.
Datagram event(std::uint32_t what, std::initializer_list<std::uint32_t> data) {
  Datagram datagram(kEvent_bytes);
  nlmsghdr header{};
  header.nlmsg_len = kEvent_bytes;
  header.nlmsg_type = NLMSG_DONE;
  cn_msg message{};
  message.id = {CN_IDX_PROC, CN_VAL_PROC};
  message.len = kEvent_bytes - sizeof header - sizeof message;
  put(datagram, 0, header);
  put(datagram, sizeof header, message);
  put(datagram, 36, what);
  put(datagram, 44, now_ns());
  std::size_t at = 52;
  for (const std::uint32_t word : data) {
    put(datagram, at, word);
    at += sizeof word;
  }
  return datagram;
}

Datagram garbage(std::size_t size) {
  Datagram datagram(size);
  for (auto& byte : datagram) byte = static_cast<unsigned char>(std::rand());
  return datagram;
}

std::vector<Datagram> forgeries(std::uint32_t parent, std::uint32_t child) {
  const Datagram fork = event(kFork, {parent, parent, child, child});
  const Datagram exec = event(kExec, {child, child});
  Datagram cut = fork;
  cut.resize(60);
  Datagram padded = fork;
  padded.resize(200);
  Datagram lying = fork;
  put(lying, 0, std::uint32_t{0xffff'fff0});
  return {fork, exec, cut, padded, lying, garbage(76), garbage(16), garbage(300)};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  sockaddr_nl to{};
  to.nl_family = AF_NETLINK;
  to.nl_pid = static_cast<std::uint32_t>(std::strtoul(argv[1], nullptr, 10));
  to.nl_groups = to.nl_pid == 0 ? CN_IDX_PROC : 0;
  const auto parent = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
  const auto child = static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10));
  const int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
  if (fd < 0) return 3;
  int sent = 0;
  int refused = 0;
  int reason = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (const Datagram& datagram : forgeries(parent, child)) {
      const auto* address = reinterpret_cast<const sockaddr*>(&to);
      const bool is_sent = sendto(fd, datagram.data(), datagram.size(), 0, address, sizeof to) >= 0;
      if (!is_sent) reason = errno;
      (is_sent ? sent : refused) += 1;
    }
  }
  std::printf("sent=%d refused=%d %s\n", sent, refused, sent == 0 ? strerrorname_np(reason) : "");
}
