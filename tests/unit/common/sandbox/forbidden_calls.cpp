#include "tests/unit/common/sandbox/forbidden_calls.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "common/base/sanitizer.h"

#include <random>

namespace netclsd {
namespace {

constexpr std::uint64_t kAnything = ~std::uint64_t{0};

// Running programs; other processes; privileges; namespaces and mounts; the kernel itself; what brings memory or calls
// in past a filter; files of special kinds and modes; making connections.
const std::vector<const char*> kForbidden = {"execve",
                                             "execveat",
                                             "process_vm_writev",
                                             "pidfd_getfd",
                                             "pidfd_send_signal",
                                             "kcmp",
                                             "rt_sigqueueinfo",
                                             "setuid",
                                             "setgid",
                                             "setresuid",
                                             "setresgid",
                                             "setgroups",
                                             "capset",
                                             "personality",
                                             "unshare",
                                             "setns",
                                             "mount",
                                             "umount2",
                                             "pivot_root",
                                             "chroot",
                                             "open_tree",
                                             "move_mount",
                                             "fsopen",
                                             "fsmount",
                                             "mount_setattr",
                                             "open_by_handle_at",
                                             "openat2",
                                             "bpf",
                                             "perf_event_open",
                                             "kexec_load",
                                             "kexec_file_load",
                                             "init_module",
                                             "finit_module",
                                             "delete_module",
                                             "reboot",
                                             "swapon",
                                             "keyctl",
                                             "add_key",
                                             "request_key",
                                             "seccomp",
                                             "settimeofday",
                                             "clock_settime",
                                             "adjtimex",
                                             "sethostname",
                                             "syslog",
                                             "quotactl",
                                             "fanotify_init",
                                             "iopl",
                                             "ioperm",
                                             "modify_ldt",
                                             "io_uring_setup",
                                             "io_uring_enter",
                                             "io_uring_register",
                                             "userfaultfd",
                                             "memfd_create",
                                             "memfd_secret",
                                             "pkey_mprotect",
                                             "remap_file_pages",
                                             "shmat",
                                             "uselib",
                                             "vfork",
                                             "mknodat",
                                             "mknod",
                                             "linkat",
                                             "link",
                                             "symlinkat",
                                             "symlink",
                                             "fchmodat",
                                             "fchmod",
                                             "chmod",
                                             "fchownat",
                                             "fchown",
                                             "chown",
                                             "setxattr",
                                             "truncate",
                                             "ftruncate",
                                             "creat",
                                             "listen",
                                             "socketpair",
                                             "sendmmsg",
                                             "inotify_init1"};
// The sanitizers' runtimes need these.
const std::vector<const char*> kForbiddenToOurselves = {"ptrace", "process_vm_readv", "wait4",     "fork",
                                                        "dup3",   "arch_prctl",       "setrlimit", "sigaltstack"};

std::vector<Call> with_many_arguments(long number) {
  std::vector<Call> calls = {{number}, {number, {kAnything, kAnything, kAnything, kAnything, kAnything, kAnything}}};
  std::mt19937_64 random(4711);
  for (int i = 0; i < 100; ++i) {
    Call& call = calls.emplace_back(Call{number});
    for (std::uint64_t& argument : call.arguments) argument = random() >> (random() % 64);
  }
  return calls;
}

void add_calls_by_name(const Judge& judge, const std::vector<const char*>& names, std::vector<std::string>& found) {
  for (const char* name : names) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number < 0) continue;  // not of this architecture
    for (const Call& call : with_many_arguments(number)) {
      if (judge.kills(call)) continue;
      found.emplace_back(name);
      break;
    }
  }
}

void add_calls_by_arguments(const Judge& judge, std::vector<std::string>& found) {
  constexpr std::uint64_t kExecutable = PROT_READ | PROT_EXEC;
  constexpr std::uint64_t kForkFlags = SIGCHLD;
  const std::vector<std::pair<const char*, Call>> calls = {
      {"mmap of executable memory", {SYS_mmap, {0, 4096, kExecutable, MAP_PRIVATE | MAP_ANONYMOUS, kAnything, 0}}},
      {"mprotect to executable memory", {SYS_mprotect, {0, 4096, kExecutable}}},
      {"clone of a process", {SYS_clone, {kForkFlags}}},
      {"clone of a user namespace", {SYS_clone, {CLONE_NEWUSER | SIGCHLD}}},
      {"tgkill of another process", {SYS_tgkill, {1, 1, SIGABRT}}},
      {"kill", {SYS_kill, {1, SIGKILL}}},
      {"prctl PR_SET_MM", {SYS_prctl, {PR_SET_MM}}},
      {"prctl PR_SET_SECCOMP", {SYS_prctl, {PR_SET_SECCOMP}}},
      {"prlimit64 of another process", {SYS_prlimit64, {1, 7, 0, 1}}},
      {"ioctl TIOCSTI", {SYS_ioctl, {0, 0x5412}}},
  };
  for (const auto& [name, call] : calls) {
    if (!judge.kills(call)) found.emplace_back(name);
  }
}

void add_always_forbidden_arguments(const Judge& judge, std::vector<std::string>& found) {
  constexpr std::uint64_t kHere = 3;
  const std::vector<std::pair<const char*, Call>> calls = {
      {"openat for writing through links", {SYS_openat, {kHere, 1, O_WRONLY | O_CLOEXEC}}},
      {"openat for reading and writing", {SYS_openat, {kHere, 1, O_RDWR | O_NOFOLLOW | O_CLOEXEC}}},
      {"openat that truncates while reading", {SYS_openat, {kHere, 1, O_RDONLY | O_TRUNC}}},
      {"openat of a nameless file", {SYS_openat, {kHere, 1, O_TMPFILE | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600}}},
      {"openat of a set-user-ID file", {SYS_openat, {kHere, 1, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 04755}}},
      {"mkdirat of a sticky directory", {SYS_mkdirat, {kHere, 1, 01777}}},
      {"socket of TCP", {SYS_socket, {AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0}}},
      {"socket of IPv6", {SYS_socket, {AF_INET6, SOCK_DGRAM, 0}}},
      {"socket of packets", {SYS_socket, {AF_PACKET, SOCK_RAW, 0}}},
      {"socket of rtnetlink", {SYS_socket, {AF_NETLINK, SOCK_RAW, 0}}},
      {"socket of virtual machines", {SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}}},
      {"clock_adjtime", {SYS_clock_adjtime, {0, 1}}},
  };
  for (const auto& [name, call] : calls) {
    if (!judge.kills(call)) found.emplace_back(name);
  }
}

void add_other_architectures(const Judge& judge, std::vector<std::string>& found) {
  constexpr std::uint32_t kX32Bit = 0x4000'0000;
  for (std::uint32_t number = 0; number < 500; ++number) {
    const Call call{static_cast<long>(number)};
    for (const std::uint32_t architecture : {std::uint32_t{AUDIT_ARCH_I386}, std::uint32_t{AUDIT_ARCH_ARM}}) {
      if (evaluate(judge.filter(), call, architecture) != SECCOMP_RET_KILL_PROCESS) found.emplace_back("32 bit");
    }
    if (evaluate(judge.filter(), {static_cast<long>(kX32Bit | number)}) != SECCOMP_RET_KILL_PROCESS) {
      found.emplace_back("x32");
    }
  }
}

}  // namespace

std::vector<std::string> breaches(const Judge& judge) {
  std::vector<std::string> found;
  add_calls_by_name(judge, kForbidden, found);
  add_always_forbidden_arguments(judge, found);
  add_other_architectures(judge, found);
  if (kIsSanitized) return found;
  add_calls_by_name(judge, kForbiddenToOurselves, found);
  add_calls_by_arguments(judge, found);
  return found;
}

}  // namespace netclsd
