// Processes that enter a container from outside and run a program; each stays until it is in the container's class.
//
//   bench_entrant_latency CONTAINER_PROCS GROUP_PATH COUNT PAUSE_MS REFERENCE_PROCS
//
// CONTAINER_PROCS: cgroup.procs of the container's own cgroup, which each entrant joins first. GROUP_PATH: the
// container's group in the net_cls hierarchy, as /proc/PID/cgroup shows it. COUNT entrants, one after the other; each
// waits PAUSE_MS between joining and its exec, so that with 150 or more the kernel's write is cold again. After each,
// and another PAUSE_MS, one of our own processes is moved to REFERENCE_PROCS: what the kernel alone takes at that time.
//
// One line for each: `pid=N write_ns=N`. When it was placed only the kernel's trace tells (bench/support/tracing.py):
// an entrant's own look comes after its program's start, which takes longer than a placement, and takes the cgroup lock
// that the agent's write needs. So it looks each millisecond only.
#include <fcntl.h>
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

namespace {

constexpr std::int64_t kLook_ns = 1'000'000;
constexpr std::int64_t kGiveUp_ns = 5'000'000'000;

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

// The program that an entrant runs. Succeeds when it is in the group.
[[noreturn]] void stay(const std::string& group_path) {
  const std::int64_t give_up_at = now_ns() + kGiveUp_ns;
  while (now_ns() < give_up_at) {
    sleep_ns(kLook_ns);
    if (is_in_group(group_path)) _exit(0);
  }
  _exit(1);
}

struct Options {
  int container_procs;
  const char* group_path;
  int count;
  std::int64_t pause_ns;
  int reference_procs;
};

[[noreturn]] void enter(const Options& options) {
  if (write(options.container_procs, "0", 1) != 1) die("enter the container");
  sleep_ns(options.pause_ns);
  execl("/proc/self/exe", "bench_entrant_latency", "stay", options.group_path, static_cast<char*>(nullptr));
  die("exec");
}

// 0: it never came into the group.
pid_t let_one_enter(const Options& options) {
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) enter(options);
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? child : 0;
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

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "stay") == 0) stay(argv[2]);
  if (argc != 6) return 2;
  const Options options{open_procs(argv[1]), argv[2], std::atoi(argv[3]), std::atoll(argv[4]) * 1'000'000,
                        open_procs(argv[5])};
  for (int i = 0; i < options.count; ++i) {
    const pid_t entrant = let_one_enter(options);
    const std::int64_t write_ns = time_write(options);
    std::printf("pid=%d write_ns=%lld\n", entrant, static_cast<long long>(write_ns));
    std::fflush(stdout);
  }
  return 0;
}
