// Many processes that do nothing, made cheaply: they share one address space (CLONE_VM without CLONE_THREAD), so each
// is a process with a number and cgroups of its own, and costs little more than its kernel stack.
//
//   bench_sleepers
//
// Commands on stdin: `more N` makes N of them, answered by their numbers in one line; at the end of file all end. They
// also end when this process is killed.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <vector>

namespace {

constexpr std::size_t kStack_bytes = 16'384;
constexpr int kSleepersMax = 1'000'000;

struct Sleeper {
  pid_t pid;
  std::unique_ptr<std::array<char, kStack_bytes>> stack;
};

int sleep_until_killed(void*) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) pause();
}

bool make_one(std::vector<Sleeper>& sleepers) {
  // Uninitialized, so that a stack takes one page.
  std::unique_ptr<std::array<char, kStack_bytes>> stack(new std::array<char, kStack_bytes>);
  void* top = stack->data() + kStack_bytes;
  const pid_t pid = clone(sleep_until_killed, top, CLONE_VM | SIGCHLD, nullptr);
  if (pid < 0) return false;
  sleepers.push_back({pid, std::move(stack)});
  return true;
}

void end_all(const std::vector<Sleeper>& sleepers) {
  for (const Sleeper& sleeper : sleepers) kill(sleeper.pid, SIGKILL);
  for (const Sleeper& sleeper : sleepers) waitpid(sleeper.pid, nullptr, 0);
}

}  // namespace

int main() {
  std::vector<Sleeper> sleepers;
  char line[64];
  int more = 0;
  while (std::fgets(line, sizeof line, stdin) != nullptr && std::sscanf(line, "more %d", &more) == 1) {
    for (int i = 0; i < more && sleepers.size() < kSleepersMax; ++i) {
      if (!make_one(sleepers)) break;
      std::printf("%d ", sleepers.back().pid);
    }
    std::printf("\n");
    std::fflush(stdout);
  }
  end_all(sleepers);
  return 0;
}
