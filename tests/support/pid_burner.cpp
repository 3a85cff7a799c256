// Uses pids up: forks as fast as it can, as an unrelated process of the host, until the end of file on stdin.
//
// The children live for some milliseconds each, every eighth runs another program (this one). At the end it prints
// `forks=N wraps=N`: how often the kernel's numbers began anew.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::size_t kAliveMax = 64;  // the oldest ends when a new one comes

pid_t make_process(bool execs) {
  const pid_t child = fork();
  if (child < 0) return 0;  // out of pids for a moment
  if (child > 0) return child;
  if (execs) execl("/proc/self/exe", "pid_burner", "child", static_cast<char*>(nullptr));
  for (;;) pause();
}

void end_process(pid_t child) {
  if (child == 0) return;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

bool is_over() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, 0) > 0;
}

}  // namespace

int main(int argc, char**) {
  while (argc == 2) pause();
  std::array<pid_t, kAliveMax> alive{};
  long forks = 0;
  long wraps = 0;
  pid_t latest = 0;
  for (std::size_t i = 0; !is_over(); i = (i + 1) % kAliveMax) {
    end_process(alive[i]);
    alive[i] = make_process(i % 8 == 0);
    if (alive[i] == 0) continue;
    ++forks;
    wraps += alive[i] < latest;
    latest = alive[i];
  }
  for (const pid_t child : alive) end_process(child);
  std::printf("forks=%ld wraps=%ld\n", forks, wraps);
  return 0;
}
