// The floor of the benchmark: a reader of the proc connector that only counts. It sees the very events that the agent
// sees: the agent's own socket with its filter in the kernel, without which it would also pay for exits and threads.
//
//   bench_counting_reader NAP_US
//
// Prints `ready` when it is subscribed. Each line on stdin is answered by `events=N dropped=N`; it ends at the end of
// file. It waits in poll and takes 64 datagrams with one recvmmsg; their content is not looked at. After it was woken
// it sleeps NAP_US, so that events gather: a wake-up costs many times what reading an event costs. 0: no nap.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "agent/events/proc_connector.h"

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kDatagramMax_bytes = 256;
constexpr std::uint64_t kBuffer_bytes = 64U << 20;  // the agent's default

struct Batch {
  std::array<std::array<char, kDatagramMax_bytes>, kBatch> data{};
  std::array<iovec, kBatch> vectors{};
  std::array<mmsghdr, kBatch> messages{};

  Batch() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors[i] = {data[i].data(), kDatagramMax_bytes};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
};

class CountingReader {
 public:
  CountingReader(netclsd::ProcConnector connector, long nap_us)
      : connector_(std::move(connector)), nap_{nap_us / 1'000'000, nap_us % 1'000'000 * 1000} {}

  void drain() {
    int got = 0;
    do {
      got = ::recvmmsg(connector_.fd(), batch_.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
      if (got > 0) events_ += static_cast<std::uint64_t>(got);
    } while (got == static_cast<int>(kBatch));
  }

  // False at the end of file.
  bool answer() {
    char line[64];
    if (::read(STDIN_FILENO, line, sizeof line) <= 0) return false;
    dropped_ += connector_.take_drops();
    std::printf("events=%llu dropped=%llu\n", static_cast<unsigned long long>(events_),
                static_cast<unsigned long long>(dropped_));
    return std::fflush(stdout) == 0;
  }

  int run() {
    std::array<pollfd, 2> inputs{pollfd{connector_.fd(), POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
    for (;;) {
      if (::poll(inputs.data(), inputs.size(), -1) < 0 && errno != EINTR) return 1;
      if (inputs[1].revents == 0 && (nap_.tv_sec > 0 || nap_.tv_nsec > 0)) ::nanosleep(&nap_, nullptr);
      drain();
      if (inputs[1].revents != 0 && !answer()) return 0;
    }
  }

 private:
  netclsd::ProcConnector connector_;
  timespec nap_;
  Batch batch_;
  std::uint64_t events_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto connector = netclsd::ProcConnector::open(netclsd::Pid{::getpid()}, kBuffer_bytes);
  if (!connector || !connector->request_events() ||
      !connector->await_acknowledgement(std::chrono::milliseconds{1000})) {
    std::fprintf(stderr, "bench_counting_reader: cannot subscribe to process events\n");
    return 1;
  }
  std::printf("ready\n");
  std::fflush(stdout);
  static CountingReader reader(std::move(*connector), std::atol(argv[1]));
  return reader.run();
}
