// Tries to get out of its container's class by ways that the kernel offers to any process, or to one with
// CAP_SYS_ADMIN.
//
//   escape SHAPE      one of those in kShapes; what it leaves behind sleeps until it is killed, named `escapee`
//
// It ends when the escapee is there, unless the shape is to stay: then it never ends, and is the escapee itself.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

namespace {

constexpr int kHops = 5'000;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  _exit(3);
}

void rename_to(const char* name) {
  if (prctl(PR_SET_NAME, name) != 0) die("rename");
}

[[noreturn]] void stay() {
  rename_to("escapee");
  for (;;) pause();
}

template <typename Child>
void fork_and_leave(Child child) {
  const pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) child();
}

// Its parent is gone when it begins to sleep: the container's init, or whoever collects orphans, is the new one.
void double_fork() {
  fork_and_leave([] {
    setsid();
    fork_and_leave([] { stay(); });
    _exit(0);
  });
  while (wait(nullptr) > 0) {
  }
}

// The event of this fork names our parent, who may be no member at all.
void clone_parent() {
  const long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child < 0) die("clone(CLONE_PARENT)");
  if (child == 0) stay();
}

// When whoever brought it in has ended, too: it goes on at SIGCONT.
void clone_parent_later() {
  kill(getpid(), SIGSTOP);
  clone_parent();
}

void clone_parent_twice() {
  const long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child < 0) die("clone(CLONE_PARENT)");
  if (child > 0) return;
  clone_parent();
  _exit(0);
}

void unshare_and_fork(int flags) {
  if (unshare(flags) != 0) die("unshare");
  fork_and_leave([] { stay(); });
}

void unshare_cgroup() { unshare_and_fork(CLONE_NEWCGROUP); }
void unshare_pid() { unshare_and_fork(CLONE_NEWPID); }
void unshare_everything() {
  unshare_and_fork(CLONE_NEWCGROUP | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET);
}

// The orphan's new parent is neither its own nor the container's init.
void subreaper() {
  fork_and_leave([] {
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) die("subreaper");
    fork_and_leave([] {
      fork_and_leave([] { stay(); });
      _exit(0);
    });
    wait(nullptr);
    stay();
  });
}

void chain_of_forks() {
  for (int generation = 0; generation < 50; ++generation) {
    const pid_t child = fork();
    if (child < 0) die("fork");
    if (child > 0) {
      if (generation > 0) _exit(0);
      return;
    }
  }
  stay();
}

// Is another process every few microseconds, for a second or so, and then stands still. Who is left collects the dead.
void hop() {
  fork_and_leave([] {
    std::signal(SIGCHLD, SIG_IGN);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) die("subreaper");
    fork_and_leave([] {
      for (int generation = 0; generation < kHops; ++generation) {
        const pid_t child = fork();
        if (child < 0) die("fork");
        if (child > 0) _exit(0);
      }
      stay();
    });
    stay();
  });
}

void renamed() {
  fork_and_leave([] {
    for (const char* name : {"runc:[2:INIT]", "netclsd", "a) R 1 1 1", "\x1b[2J\n0::/"}) {
      rename_to(name);
      fork_and_leave([] { stay(); });
    }
    stay();
  });
}

void execs_again() {
  fork_and_leave([] { execl("/proc/self/exe", "netclsd-hook", "stay", static_cast<char*>(nullptr)); });
}

// /proc/PID/cgroup of a process whose leader has ended shows the old path for ever.
void leader_ends() {
  fork_and_leave([] {
    std::thread([] {
      rename_to("escapee");
      for (;;) pause();
    }).detach();
    syscall(SYS_exit, 0);
  });
}

struct Shape {
  const char* name;
  void (*run)();
};

constexpr Shape kShapes[] = {
    {"double-fork", double_fork},
    {"clone-parent", clone_parent},
    {"clone-parent-later", clone_parent_later},
    {"clone-parent-twice", clone_parent_twice},
    {"unshare-cgroup", unshare_cgroup},
    {"unshare-pid", unshare_pid},
    {"unshare-everything", unshare_everything},
    {"subreaper", subreaper},
    {"chain-of-forks", chain_of_forks},
    {"hop", hop},
    {"renamed", renamed},
    {"execs-again", execs_again},
    {"leader-ends", leader_ends},
    {"stay", stay},
};

}  // namespace

int main(int argc, char** argv) {
  for (const Shape& shape : kShapes) {
    if (argc == 2 && std::strcmp(argv[1], shape.name) == 0) {
      shape.run();
      return 0;
    }
  }
  std::fprintf(stderr, "usage: escape SHAPE\n");
  return 2;
}
