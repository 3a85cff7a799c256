// Uses pids up: forks as fast as it can, as an unrelated process of the host, until the end of file on stdin.
//
// Most children end at once; of the others the latest 64 live, and every eighth of them runs another program (this
// one). At the end it prints `forks=N wraps=N`: how often the kernel's numbers began anew.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::size_t kAliveMax = 64;
constexpr int kShortLived = 16;  // for each one that lives

pid_t make_process(bool execs) {
  const pid_t child = fork();
  if (child < 0) return 0;  // out of pids for a moment
  if (child > 0) return child;
  if (execs) execl("/proc/self/exe", "pid_burner", "child", static_cast<char*>(nullptr));
  for (;;) pause();
}

// A function of its own: vfork's child borrows the stack frame.
[[gnu::noinline]] pid_t make_short_lived() {
  const pid_t child = vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): the fastest there is
  if (child == 0) _exit(0);
  return child;
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

struct Count {
  long forks = 0;
  long wraps = 0;
  pid_t latest = 0;

  void add(pid_t child) {
    if (child <= 0) return;
    ++forks;
    wraps += child < latest;
    latest = child;
  }
};

void burn(Count& count) {
  for (int i = 0; i < kShortLived; ++i) {
    const pid_t child = make_short_lived();
    count.add(child);
    waitpid(child, nullptr, 0);
  }
}

}  // namespace

int main(int argc, char**) {
  if (argc == 2) {
    for (;;) pause();
  }
  std::array<pid_t, kAliveMax> alive{};
  Count count;
  for (std::size_t i = 0; !is_over(); i = (i + 1) % kAliveMax) {
    end_process(alive[i]);
    alive[i] = make_process(i % 8 == 0);
    count.add(alive[i]);
    burn(count);
  }
  for (const pid_t child : alive) end_process(child);
  std::printf("forks=%ld wraps=%ld\n", count.forks, count.wraps);
  return 0;
}
