// A storm of forks and execs, as the init of a container.
//
// Commands on stdin, one a line; each is answered by one line on stdout:
//   go PAUSE_US   two workers fork without end, and rest for PAUSE_US after each   → going
//   calm          they end; only the few processes that stayed are left             → calm forks=N
//   end of file   init ends, and the kernel kills the rest of the pid namespace
//
// Every fourth child runs another program. Orphans, also those that entered from outside, are collected.
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kWorkers = 2;
constexpr int kStayMax = 3;  // of each worker and each storm

struct Shared {
  std::atomic<bool> is_over;
  std::atomic<int> workers;
  std::atomic<int> forks;
};

Shared* shared = nullptr;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  _exit(3);
}

[[noreturn]] void live(bool stays) {
  if (!stays) _exit(0);
  for (;;) pause();
}

pid_t make_process(bool execs, bool stays) {
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child > 0) return child;
  if (!execs) live(stays);
  execl("/proc/self/exe", "storm", stays ? "stay" : "end", static_cast<char*>(nullptr));
  die("exec");
}

[[noreturn]] void work(useconds_t pause_us) {
  for (int i = 0; !shared->is_over.load(); ++i) {
    const bool stays = i < kStayMax;
    const pid_t child = make_process(i % 4 == 0, stays);
    if (!stays) waitpid(child, nullptr, 0);
    shared->forks.fetch_add(1);
    if (pause_us > 0) usleep(pause_us);
  }
  shared->workers.fetch_sub(1);
  _exit(0);
}

void go(useconds_t pause_us) {
  shared->is_over.store(false);
  for (int i = 0; i < kWorkers; ++i) {
    shared->workers.fetch_add(1);
    const pid_t worker = fork();
    if (worker < 0) die("fork");
    if (worker == 0) work(pause_us);
  }
  std::printf("going\n");
}

void collect_the_dead() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

void calm() {
  shared->is_over.store(true);
  while (shared->workers.load() > 0) {
    collect_the_dead();
    usleep(1000);
  }
  std::printf("calm forks=%d\n", shared->forks.load());
}

// Wakes up now and then to collect the dead.
bool has_command() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  for (;;) {
    collect_the_dead();
    if (poll(&input, 1, 20) > 0) return true;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) live(std::strcmp(argv[1], "stay") == 0);
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) die("mmap");
  shared = new (memory) Shared{};
  std::setvbuf(stdin, nullptr, _IONBF, 0);  // what poll sees is all there is
  char line[64];
  while (has_command() && std::fgets(line, sizeof line, stdin) != nullptr) {
    unsigned pause_us = 0;
    if (std::sscanf(line, "go %u", &pause_us) == 1) {
      go(pause_us);
    } else {
      calm();
    }
    std::fflush(stdout);
  }
  return 0;
}
