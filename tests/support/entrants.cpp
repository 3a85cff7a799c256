// Lets processes enter containers from outside, as `runc exec` does, only many more a second.
//
//   entrants PAUSE_US CONTAINER...      CONTAINER is INIT:FILE, its init's pid and its cgroup's cgroup.procs
//
// Goes round the containers until the end of file on stdin, then prints `entered=N`. Each entrant joins the container's
// cgroup first, then its pid namespace, then runs a program: this one, which ends at once or, one in eight, stays.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr int kStayMax = 400;

struct Container {
  int pid_namespace;
  int procs;
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  _exit(3);
}

Container open_container(const char* argument) {
  const char* colon = std::strchr(argument, ':');
  if (colon == nullptr) die(argument);
  const std::string init(argument, colon);
  const int pid_namespace = open(("/proc/" + init + "/ns/pid").c_str(), O_RDONLY | O_CLOEXEC);
  const int procs = open(colon + 1, O_WRONLY | O_CLOEXEC);
  if (pid_namespace < 0 || procs < 0) die(argument);
  return {pid_namespace, procs};
}

// The container may have ended: then nobody enters.
[[noreturn]] void enter(const Container& container, bool stays) {
  if (write(container.procs, "0", 1) != 1 || setns(container.pid_namespace, CLONE_NEWPID) != 0) _exit(1);
  if (fork() > 0) _exit(0);
  // Who waits for the end of our output does not wait for those that stay.
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) fcntl(fd, F_SETFD, FD_CLOEXEC);
  execl("/proc/self/exe", "entrants", stays ? "stay" : "end", static_cast<char*>(nullptr));
  _exit(1);
}

bool is_over(int pause_us) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  const timespec pause{0, pause_us * 1000L};
  return ppoll(&input, 1, &pause, nullptr) > 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) {
    while (std::strcmp(argv[1], "stay") == 0) pause();
    return 0;
  }
  if (argc < 3) return 2;
  std::vector<Container> containers;
  for (int i = 2; i < argc; ++i) containers.push_back(open_container(argv[i]));
  int entered = 0;
  int stayed = 0;
  while (!is_over(std::atoi(argv[1]))) {
    const bool stays = entered % 8 == 0 && stayed < kStayMax;
    const pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) enter(containers[static_cast<std::size_t>(entered) % containers.size()], stays);
    waitpid(child, nullptr, 0);
    ++entered;
    stayed += stays;
  }
  std::printf("entered=%d\n", entered);
  return 0;
}
