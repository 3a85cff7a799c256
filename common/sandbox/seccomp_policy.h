// Which system calls a thread may make, as a sentence: one method for each purpose, whose comment lists the calls. All
// other calls are forbidden. A policy cannot say which files: a filter sees the numbers in a call's arguments, but not
// what pointers point to. Landlock restricts files.
//
//     const auto filter = SeccompPolicy().allow_memory().allow_clocks().allow_ending().compile(SeccompMode::kKill);
//     if (filter) enforce(*filter);
//
// No allowed call makes memory executable, makes a process or runs a program. A call of another architecture than the
// program's own (32 bit, x32) kills the process in every mode. A policy is a value; nothing happens before enforce().
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "common/sandbox/seccomp_filter.h"

namespace netclsd {

class SeccompPolicy {
 public:
  // clone3 is ENOSYS in every policy, because its flags are behind a pointer. The C library then uses clone, whose
  // flags are a number.
  SeccompPolicy();

  // brk mmap munmap mremap madvise mprotect; none of them for executable memory
  SeccompPolicy& allow_memory();
  // futex sched_yield
  SeccompPolicy& allow_waiting_for_threads();
  // clone with the flags of a thread; set_robust_list rseq, which a new thread calls first; rt_sigaction of the C
  // library's own signals, 32 and 33
  SeccompPolicy& allow_making_threads();
  // clock_gettime clock_getres gettimeofday time: where the vDSO cannot tell; clock_nanosleep nanosleep;
  // restart_syscall: how the kernel goes on with these, futex and poll after a stop
  SeccompPolicy& allow_clocks();
  // getrandom
  SeccompPolicy& allow_random_numbers();
  // getpid gettid getuid geteuid getgid getegid uname sysinfo getrusage sched_getaffinity getcpu; getrlimit, and
  // prlimit64 of itself without a new limit
  SeccompPolicy& allow_looking_at_itself();
  // exit exit_group; abort()'s rt_sigprocmask, rt_sigaction of SIGABRT, tgkill of itself with SIGABRT; rt_sigreturn
  SeccompPolicy& allow_ending();
  // kill of itself with SIGKILL: what a fault point does, in builds for tests
  SeccompPolicy& allow_killing_itself();

  // read readv pread64 lseek close; fcntl's descriptor flags and F_DUPFD_CLOEXEC
  SeccompPolicy& allow_reading_open_files();
  // write writev pwrite64 fsync fdatasync, to files, pipes and connections
  SeccompPolicy& allow_writing_open_files();
  // openat open, for reading and without O_CREAT or O_TRUNC; newfstatat fstat statx stat lstat access faccessat
  // faccessat2 readlink readlinkat getdents64 getdents getcwd
  SeccompPolicy& allow_reading_files();
  // openat open with O_WRONLY, O_NOFOLLOW and O_CLOEXEC; no set-user-ID or set-group-ID bit
  SeccompPolicy& allow_making_and_writing_files();
  // mkdirat mkdir unlinkat unlink renameat rename, renameat2 without flags; no rmdir (unlinkat has it), no links
  SeccompPolicy& allow_changing_directories();

  // poll ppoll epoll_wait epoll_pwait epoll_ctl
  SeccompPolicy& allow_waiting_for_events();
  // epoll_create1 eventfd2 timerfd_create timerfd_settime
  SeccompPolicy& allow_making_event_descriptors();
  // pidfd_open; the only use of a pidfd is then to wait for it
  SeccompPolicy& allow_watching_processes();
  // prctl PR_SET_NAME
  SeccompPolicy& allow_naming_itself();
  // sched_setattr of itself, getpriority of itself
  SeccompPolicy& allow_scheduling_itself();

  // bpf: use what is loaded: elements of maps, pins, links. Nothing is loaded or made with it
  SeccompPolicy& allow_using_loaded_bpf();
  // sendto recvmsg recvfrom on sockets that are open: rtnetlink
  SeccompPolicy& allow_asking_open_netlink();
  // socket of the proc connector, and of no other netlink family; bind getsockopt sendto recvmmsg; setsockopt
  // SO_ATTACH_FILTER SO_RCVBUF SO_RCVBUFFORCE NETLINK_NO_ENOBUFS
  SeccompPolicy& allow_process_events();
  // sd_notify: socket of Unix datagrams, connect sendmsg sendto getsockopt, setsockopt SO_SNDBUF SO_SNDBUFFORCE
  SeccompPolicy& allow_telling_the_service_manager();
  // socket of Unix streams, connect getsockopt recvmsg sendmsg recvfrom shutdown, sendto without an address; setsockopt
  // SO_SNDTIMEO SO_RCVTIMEO; ioctl FIONBIO
  SeccompPolicy& allow_calling_unix_servers();
  // accept4 recvfrom getsockopt shutdown, sendto without an address. No socket, bind, listen or setsockopt: the
  // listening sockets are made before.
  SeccompPolicy& allow_serving_connections();

  // flock, without waiting
  SeccompPolicy& allow_locking_files();
  // mount of a new file system, without set-user-ID bits, devices and programs (nosuid, nodev, noexec); umount2 with
  // UMOUNT_NOFOLLOW and no other flag. No remount, bind mount, move or change of propagation.
  SeccompPolicy& allow_mounting_cgroups();

  // What the runtimes of AddressSanitizer and ThreadSanitizer need, including a process that examines this one for
  // leaks. In builds without them: nothing.
  SeccompPolicy& allow_sanitizers();

  // An error is a bug of ours, or means that memory or descriptors ran out. `mode` is not kOff.
  [[nodiscard]] Result<SeccompFilter> compile(SeccompMode mode) const;

 private:
  struct Argument {  // (arguments[index] & mask) == value
    unsigned index;
    std::uint64_t mask;
    std::uint64_t value;
  };
  struct Rule {
    int number;
    int error;  // 0: allowed
    std::vector<Argument> arguments;
  };
  static Argument is(unsigned index, int value);
  static Argument has(unsigned index, int mask, int value);
  static Argument is_null(unsigned index);

  SeccompPolicy& allow(std::initializer_list<int> numbers);
  SeccompPolicy& allow_if(int number, std::vector<Argument> arguments);
  SeccompPolicy& allow_socket(int family, int type, int protocol);
  SeccompPolicy& allow_options(int level, std::initializer_list<int> options);
  SeccompPolicy& allow_sending();

  std::vector<Rule> rules_;
};

// What every thread of the agent, the hook and the plugin needs: memory, clocks, files that are open or are only read,
// and to wait and to end. In builds with sanitizers or fault points: what these need.
[[nodiscard]] SeccompPolicy basic_policy();

}  // namespace netclsd
