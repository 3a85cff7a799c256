// Makes processes in every shape Linux knows, as the init of a container, and says when it is quiet.
//
// Commands on stdin, one a line; each is answered by one line on stdout when nothing moves any more:
//   burst N SEED   make about N processes in random shapes; some of them stay      → quiet forks=N alive=K
//   thin           kill every second one that stayed (so that pids are used anew)   → quiet forks=N alive=K
//   quit           end; the kernel kills the rest of the pid namespace
// `alive` counts the processes that stayed, init not among them; `forks` counts all processes made since the start.
//
// How quiet is known: `active` is in memory shared by all, grows before each fork and shrinks when a process has
// settled (stays and sleeps) or has nothing left to do but _exit. Init collects every dead child and orphan, and is
// quiet when active is 0 and the only children and grandchildren left are those that stay.
#include <dirent.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

constexpr int kSharedFd = 100;  // survives exec
constexpr int kWorkers = 4;
constexpr std::size_t kSettledMax = 512;

struct Shared {
  std::atomic<int> active;
  std::atomic<int> forks;
  std::atomic<int> settled_slots;
  std::atomic<pid_t> settled[kSettledMax];
};
static_assert(std::atomic<int>::is_always_lock_free, "shared between processes");

Shared* shared = nullptr;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  unsigned below(unsigned limit) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<unsigned>(state_ >> 33) % limit;
  }

 private:
  std::uint64_t state_;
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  _exit(3);
}

void begin() {
  shared->active.fetch_add(1);
  shared->forks.fetch_add(1);
}

[[noreturn]] void done() {
  shared->active.fetch_sub(1);
  _exit(0);
}

// Stays until killed. Where the table is full it does not stay. Children that die later leave no zombie behind.
[[noreturn]] void settle() {
  std::signal(SIGCHLD, SIG_IGN);
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  const int slot = shared->settled_slots.fetch_add(1);
  if (slot >= static_cast<int>(kSettledMax)) done();
  shared->settled[slot].store(getpid());
  shared->active.fetch_sub(1);
  for (;;) pause();
}

[[noreturn]] void live(bool stays) {
  if (stays) settle();
  done();
}

[[noreturn]] void exec_leaf(bool stays) {
  execl("/proc/self/exe", "fork_storm", stays ? "leaf-stays" : "leaf-ends", static_cast<char*>(nullptr));
  die("exec");
}

pid_t checked_fork() {
  begin();
  const pid_t child = fork();
  if (child < 0) die("fork");
  return child;
}

void wait_for(pid_t child) {
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void plain_fork(bool stays) {
  const pid_t child = checked_fork();
  if (child == 0) live(stays);
  if (!stays) wait_for(child);
}

void vfork_and_exec(bool stays) {
  begin();
  const char* role = stays ? "leaf-stays" : "leaf-ends";
  const pid_t child = vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): a shape of its own
  if (child < 0) die("vfork");
  if (child == 0) {
    execl("/proc/self/exe", "fork_storm", role, static_cast<char*>(nullptr));
    _exit(3);
  }
  if (!stays) wait_for(child);
}

void fork_and_exec(bool stays) {
  const pid_t child = checked_fork();
  if (child == 0) exec_leaf(stays);
  if (!stays) wait_for(child);
}

void daemonize(bool stays) {
  const pid_t child = checked_fork();
  if (child == 0) {
    setsid();
    if (checked_fork() == 0) live(stays);
    done();
  }
  wait_for(child);
}

// The child's parent is our parent: init. The fork event names that parent, not us.
void clone_parent(bool stays) {
  begin();
  const long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child < 0) die("clone(CLONE_PARENT)");
  if (child == 0) live(stays);
}

void with_threads(bool stays) {
  const pid_t child = checked_fork();
  if (child == 0) {
    std::thread quick([] {});
    std::thread forks([] { plain_fork(false); });
    quick.join();
    forks.join();
    live(stays);
  }
  if (!stays) wait_for(child);
}

// The leader thread ends, another thread goes on: first forks, then stays or ends. SYS_exit because pthread_exit
// wants libgcc_s, which a static program has not.
void leader_exits_first(bool stays) {
  const pid_t child = checked_fork();
  if (child == 0) {
    std::thread([stays] {
      plain_fork(stays);
      live(stays);
    }).detach();
    syscall(SYS_exit, 0);
  }
  if (!stays) wait_for(child);
}

void tree(Random& random, int depth);

void one_shape(Random& random, int depth) {
  const bool stays = random.below(40) == 0;
  switch (random.below(8)) {
    case 0:
      return plain_fork(stays);
    case 1:
      return vfork_and_exec(stays);
    case 2:
      return fork_and_exec(stays);
    case 3:
      return daemonize(stays);
    case 4:
      return clone_parent(stays);
    case 5:
      return with_threads(stays);
    case 6:
      return leader_exits_first(stays);
    default:
      return tree(random, depth);
  }
}

void tree(Random& random, int depth) {
  if (depth == 0) return plain_fork(false);
  const pid_t child = checked_fork();
  if (child == 0) {
    for (unsigned i = 0; i <= random.below(3); ++i) one_shape(random, depth - 1);
    done();
  }
  if (random.below(2) == 0) wait_for(child);  // else it is init's, once we are gone, or a zombie until then
}

// Returns when `enough` processes have been made since the start, by all workers together.
[[noreturn]] void worker(int enough, std::uint64_t seed) {
  Random random(seed);
  while (shared->forks.load() < enough) one_shape(random, 3);
  done();
}

// The processes of this pid namespace other than init, dead or alive.
int processes() {
  DIR* proc = opendir("/proc");
  if (proc == nullptr) die("/proc");
  int count = 0;
  while (const dirent* entry = readdir(proc)) {
    const int pid = std::atoi(entry->d_name);
    if (pid > 1) ++count;
  }
  closedir(proc);
  return count;
}

int settled_alive() {
  int alive = 0;
  const int slots = std::min<int>(shared->settled_slots.load(), kSettledMax);
  for (int i = 0; i < slots; ++i) alive += shared->settled[i].load() != 0;
  return alive;
}

void wait_until_quiet() {
  for (;;) {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (shared->active.load() == 0 && processes() == settled_alive()) return;
    usleep(1000);
  }
}

void report() {
  wait_until_quiet();
  std::printf("quiet forks=%d alive=%d\n", shared->forks.load(), settled_alive());
  std::fflush(stdout);
}

void burst(int count, std::uint64_t seed) {
  const int enough = shared->forks.load() + count;
  for (int i = 0; i < kWorkers; ++i) {
    if (checked_fork() == 0) worker(enough, seed * kWorkers + static_cast<std::uint64_t>(i));
  }
}

// Only called when quiet: nobody else writes the table.
void thin() {
  int kept = 0;
  const int slots = std::min<int>(shared->settled_slots.load(), kSettledMax);
  for (int i = 0; i < slots; ++i) {
    const pid_t pid = shared->settled[i].load();
    shared->settled[i].store(0);
    if (i % 2 == 0) {
      kill(pid, SIGKILL);
    } else {
      shared->settled[kept++].store(pid);
    }
  }
  shared->settled_slots.store(kept);
}

void map_shared() {
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, kSharedFd, 0);
  if (memory == MAP_FAILED) die("mmap");
  shared = static_cast<Shared*>(memory);
}

void make_shared() {
  const int fd = memfd_create("fork_storm", 0);
  if (fd < 0 || ftruncate(fd, sizeof(Shared)) != 0 || dup2(fd, kSharedFd) < 0) die("memfd");
  close(fd);
  map_shared();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strncmp(argv[1], "leaf-", 5) == 0) {
    map_shared();
    live(std::strcmp(argv[1], "leaf-stays") == 0);
  }
  make_shared();
  char line[128];
  report();
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    int count = 0;
    unsigned long long seed = 0;
    if (std::sscanf(line, "burst %d %llu", &count, &seed) == 2) {
      burst(count, seed);
    } else if (std::strcmp(line, "thin\n") == 0) {
      thin();
    } else {
      return std::strcmp(line, "quit\n") == 0 ? 0 : 2;
    }
    report();
  }
  return 0;
}
