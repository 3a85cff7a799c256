// How long after its exec a process that entered a container from outside is in the container's class.
//
//   bench_entrant_latency CONTAINER_PROCS GROUP_PATH COUNT PAUSE_MS REFERENCE_PROCS
//
// CONTAINER_PROCS: cgroup.procs of the container's own cgroup, which each entrant joins first. GROUP_PATH: the
// container's group in the net_cls hierarchy, as /proc/PID/cgroup shows it. COUNT entrants, one after the other; each
// waits PAUSE_MS between joining and its exec, so that with 150 or more the kernel's write is cold again. After each,
// and another PAUSE_MS, one of our own processes is moved to REFERENCE_PROCS: what the kernel alone takes at that time.
//
// One line for each: `placed_ns=N write_ns=N`; placed_ns counts from the exec event's kernel time stamp, which comes
// from a connector socket of our own that is read afterwards, to the entrant's first look that finds it in the group.
// It looks every 20 µs: each look takes the cgroup lock that the agent's write needs, so it must not look all the time.
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "agent/kernel/proc_connector.h"

namespace {

constexpr std::int64_t kLook_ns = 20'000;
constexpr std::int64_t kGiveUp_ns = 5'000'000'000;
constexpr std::uint64_t kBuffer_bytes = 16U << 20;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  _exit(1);
}

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void sleep_ns(std::int64_t duration_ns) {
  timespec left{duration_ns / 1'000'000'000, duration_ns % 1'000'000'000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

int open_procs(const char* path) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) die(path);
  return fd;
}

bool is_in_group(const std::string& group_path) {
  std::array<char, 4096> text{};
  const int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
  const ssize_t got = fd < 0 ? -1 : read(fd, text.data(), text.size() - 1);
  close(fd);
  return got > 0 && std::strstr(text.data(), (":" + group_path + "\n").c_str()) != nullptr;
}

// The program that an entrant runs: writes the time at which it was in the group, or 0.
[[noreturn]] void look(const std::string& group_path) {
  prctl(PR_SET_TIMERSLACK, 1UL);
  // A measuring instrument: on a busy machine it would else wait for its turn, and that is not the agent's latency.
  const sched_param priority{1};
  sched_setscheduler(0, SCHED_FIFO, &priority);
  const std::int64_t give_up_at = now_ns() + kGiveUp_ns;
  std::int64_t placed_at = 0;
  while (placed_at == 0 && now_ns() < give_up_at) {
    if (is_in_group(group_path)) placed_at = now_ns();
    if (placed_at == 0) sleep_ns(kLook_ns);
  }
  _exit(write(STDOUT_FILENO, &placed_at, sizeof placed_at) == sizeof placed_at ? 0 : 1);
}

struct Options {
  int container_procs;
  const char* group_path;
  int count;
  std::int64_t pause_ns;
  int reference_procs;
};

[[noreturn]] void enter(const Options& options, int answer) {
  if (write(options.container_procs, "0", 1) != 1 || dup2(answer, STDOUT_FILENO) < 0) die("enter the container");
  sleep_ns(options.pause_ns);
  execl("/proc/self/exe", "bench_entrant_latency", "look", options.group_path, static_cast<char*>(nullptr));
  die("exec");
}

// When the kernel says the process ran its program; 0: no event came.
std::int64_t exec_time(netclsd::ProcConnector& connector, pid_t pid) {
  std::int64_t at = 0;
  connector.drain([&](const netclsd::ConnectorMessage& message) {
    const auto* execed = std::get_if<netclsd::Execed>(&message);
    if (execed != nullptr && execed->pid.value == pid) at = execed->at.count();
  });
  return at;
}

std::int64_t time_placement(const Options& options, netclsd::ProcConnector& connector) {
  std::array<int, 2> answer{};
  if (pipe2(answer.data(), O_CLOEXEC) != 0) die("pipe");
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) enter(options, answer[1]);
  close(answer[1]);
  std::int64_t placed_at = 0;
  if (read(answer[0], &placed_at, sizeof placed_at) != sizeof placed_at) placed_at = 0;
  close(answer[0]);
  waitpid(child, nullptr, 0);
  const std::int64_t began_at = exec_time(connector, child);
  return placed_at == 0 || began_at == 0 ? -1 : placed_at - began_at;
}

std::int64_t time_write(const Options& options) {
  const pid_t child = fork();
  if (child < 0) die("fork");
  while (child == 0) pause();
  sleep_ns(options.pause_ns);
  const std::string text = std::to_string(child);
  const std::int64_t began_at = now_ns();
  const bool is_written = write(options.reference_procs, text.data(), text.size()) > 0;
  const std::int64_t done_at = now_ns();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return is_written ? done_at - began_at : -1;
}

netclsd::ProcConnector subscribe() {
  auto connector = netclsd::ProcConnector::open(netclsd::Pid{getpid()}, kBuffer_bytes);
  if (!connector || !connector->request_events() ||
      !connector->await_acknowledgement(std::chrono::milliseconds{1000})) {
    die("subscribe to process events");
  }
  return std::move(*connector);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "look") == 0) look(argv[2]);
  if (argc != 6) return 2;
  const Options options{open_procs(argv[1]), argv[2], std::atoi(argv[3]), std::atoll(argv[4]) * 1'000'000,
                        open_procs(argv[5])};
  netclsd::ProcConnector connector = subscribe();
  for (int i = 0; i < options.count; ++i) {
    const std::int64_t placed_ns = time_placement(options, connector);
    const std::int64_t write_ns = time_write(options);
    std::printf("placed_ns=%lld write_ns=%lld\n", static_cast<long long>(placed_ns), static_cast<long long>(write_ns));
    std::fflush(stdout);
  }
  return 0;
}
