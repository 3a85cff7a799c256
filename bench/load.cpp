// Load for the benchmark: as many processes or threads a second as the machine gives.
//
//   bench_load KIND WORKERS      KIND: fork, exec (each child runs a program), thread, mixed (every fourth child execs)
//
// Commands on stdin, one a line, each answered by one line on stdout:
//   go MS   the workers work for MS milliseconds   → made=N elapsed_ns=N
// It ends at the end of file. A full storm is two workers for each CPU (bench/run.py says why).
//
// It may be the init of a registered "container": all workers and children descend from it.
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

constexpr int kWorkersMax = 1024;

struct Shared {
  std::atomic<std::uint64_t> made;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared between processes");

[[noreturn]] void die(const char* what) {
  std::perror(what);
  _exit(1);
}

std::uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

void make_process(bool execs) {
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0 && execs) execl("/proc/self/exe", "bench_load", "end", static_cast<char*>(nullptr));
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
}

void make_thread() {
  pthread_t thread{};
  if (pthread_create(
          &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr) != 0)
    die("pthread_create");
  pthread_join(thread, nullptr);
}

struct Load {
  bool has_threads = false;
  unsigned execs_every = 0;  // 0: never

  void make(std::uint64_t number) const {
    if (has_threads) return make_thread();
    make_process(execs_every != 0 && number % execs_every == 0);
  }
};

bool parse_load(const char* kind, Load& load) {
  load.has_threads = std::strcmp(kind, "thread") == 0;
  if (std::strcmp(kind, "exec") == 0) load.execs_every = 1;
  if (std::strcmp(kind, "mixed") == 0) load.execs_every = 4;
  return load.has_threads || load.execs_every != 0 || std::strcmp(kind, "fork") == 0;
}

[[noreturn]] void work(const Load& load, Shared& shared, std::uint64_t until_ns) {
  std::uint64_t made = 0;
  for (; now_ns() < until_ns; ++made) load.make(made);
  shared.made.fetch_add(made);
  _exit(0);
}

void go(const Load& load, int workers, Shared& shared, std::uint64_t duration_ms) {
  shared.made.store(0);
  const std::uint64_t began_ns = now_ns();
  for (int i = 0; i < workers; ++i) {
    const pid_t worker = fork();
    if (worker < 0) die("fork");
    if (worker == 0) work(load, shared, began_ns + duration_ms * 1'000'000);
  }
  while (wait(nullptr) > 0) {
  }
  std::printf("made=%llu elapsed_ns=%llu\n", static_cast<unsigned long long>(shared.made.load()),
              static_cast<unsigned long long>(now_ns() - began_ns));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "end") == 0) _exit(0);
  Load load;
  const int workers = argc == 3 ? std::atoi(argv[2]) : 0;
  if (argc != 3 || !parse_load(argv[1], load) || workers < 1 || workers > kWorkersMax) return 2;
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) die("mmap");
  auto* shared = new (memory) Shared{};
  char line[64];
  unsigned long long duration_ms = 0;
  while (std::fgets(line, sizeof line, stdin) != nullptr && std::sscanf(line, "go %llu", &duration_ms) == 1) {
    go(load, workers, *shared, duration_ms);
  }
  return 0;
}
