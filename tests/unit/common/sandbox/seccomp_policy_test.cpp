#include "common/sandbox/seccomp_policy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <vector>

#include "common/base/sanitizer.h"
#include "tests/unit/common/sandbox/filter_evaluation.h"
#include "tests/unit/common/sandbox/forbidden_calls.h"

namespace netclsd {
namespace {

constexpr std::uint64_t kPointer = 0x7fff'1234'5678;
constexpr std::uint64_t kHere = 3;                                  // a directory's descriptor
constexpr std::uint64_t kGarbage = 0xdead'beef'0000'0000;           // the upper half of a register
constexpr std::uint64_t kWorkingDirectory = 0xffff'ffff'ffff'ff9c;  // AT_FDCWD, sign extended
constexpr std::uint64_t kWrites = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;

void expect(const SeccompPolicy& policy, const std::vector<Call>& allowed, const std::vector<Call>& killed) {
  const Judge judge(policy);
  for (const Call& call : allowed) EXPECT_TRUE(judge.allows(call)) << call;
  for (const Call& call : killed) EXPECT_TRUE(judge.kills(call)) << call;
}

TEST(SeccompPolicyTest, WhatIsNotNamedKills) {
  const Judge judge{SeccompPolicy()};
  for (long number = 0; number < 500; ++number) {
    EXPECT_EQ(judge.kills({number}), number != SYS_clone3) << number;
  }
}

TEST(SeccompPolicyTest, Clone3IsNotThere) {
  EXPECT_EQ(evaluate(Judge(SeccompPolicy().allow_making_threads()).filter(), {SYS_clone3, {kPointer, 88}}),
            SECCOMP_RET_ERRNO | ENOSYS);
}

TEST(SeccompPolicyTest, InLogModeWhatIsNotNamedIsLogged) {
  const Judge judge(SeccompPolicy().allow_clocks(), SeccompMode::kLog);
  EXPECT_TRUE(judge.allows({SYS_clock_gettime}));
  EXPECT_EQ(evaluate(judge.filter(), {SYS_execve}), SECCOMP_RET_LOG);
}

TEST(SeccompPolicyTest, InRefuseModeWhatIsNotNamedFails) {
  const Judge judge(SeccompPolicy().allow_clocks(), SeccompMode::kRefuse);
  EXPECT_TRUE(judge.allows({SYS_clock_gettime}));
  EXPECT_EQ(evaluate(judge.filter(), {SYS_execve}), SECCOMP_RET_ERRNO | kRefusedErrno);
}

TEST(SeccompPolicyTest, OtherArchitecturesKillInEveryMode) {
  for (const SeccompMode mode : {SeccompMode::kKill, SeccompMode::kRefuse, SeccompMode::kLog}) {
    const Judge judge(SeccompPolicy().allow_clocks(), mode);
    for (const std::uint32_t architecture : {std::uint32_t{AUDIT_ARCH_I386}, std::uint32_t{AUDIT_ARCH_ARM}}) {
      EXPECT_EQ(evaluate(judge.filter(), {SYS_clock_gettime}, architecture), SECCOMP_RET_KILL_PROCESS);
    }
    if (kNativeArchitecture != AUDIT_ARCH_X86_64) continue;  // only that has x32, and by the number alone
    EXPECT_EQ(evaluate(judge.filter(), {SYS_clock_gettime | 0x4000'0000}), SECCOMP_RET_KILL_PROCESS);
  }
}

TEST(SeccompPolicyTest, MemoryIsNeverExecutable) {
  expect(SeccompPolicy().allow_memory(),
         {{SYS_brk},
          {SYS_munmap},
          {SYS_mremap},
          {SYS_madvise},
          {SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE}},
          {SYS_mmap, {0, 4096, PROT_NONE}},
          {SYS_mprotect, {kPointer, 4096, PROT_READ}}},
         {{SYS_mmap, {0, 4096, PROT_EXEC}},
          {SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC}},
          {SYS_mmap, {0, 4096, kGarbage | PROT_EXEC}},
          {SYS_mprotect, {kPointer, 4096, PROT_READ | PROT_EXEC}}});
}

TEST(SeccompPolicyTest, ThreadsAreNoProcesses) {
  constexpr std::uint64_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                                    CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  expect(SeccompPolicy().allow_making_threads(),
         {{SYS_clone, {kThread}}, {SYS_set_robust_list}, {SYS_rseq}, {SYS_rt_sigaction, {33}}},
         {{SYS_clone, {SIGCHLD}},
          {SYS_clone, {CLONE_VM | CLONE_VFORK | SIGCHLD}},
          {SYS_clone, {kThread | CLONE_NEWNS}},
          {SYS_clone, {kThread | CLONE_NEWUSER}},
          {SYS_rt_sigaction, {SIGSYS}}});
}

TEST(SeccompPolicyTest, WaitingForThreadsMakesNone) {
  expect(SeccompPolicy().allow_waiting_for_threads(), {{SYS_futex}, {SYS_sched_yield}},
         {{SYS_clone, {CLONE_VM | CLONE_SIGHAND | CLONE_THREAD}}});
}

TEST(SeccompPolicyTest, ClocksAreReadAndNotSet) {
  expect(SeccompPolicy().allow_clocks(),
         {{SYS_clock_gettime}, {SYS_gettimeofday}, {SYS_clock_nanosleep}, {SYS_nanosleep}, {SYS_restart_syscall}},
         {{SYS_clock_settime}, {SYS_settimeofday}, {SYS_adjtimex}, {SYS_clock_adjtime}});
}

TEST(SeccompPolicyTest, LimitsAreReadAndNotSet) {
  expect(SeccompPolicy().allow_looking_at_itself(), {{SYS_getpid}, {SYS_prlimit64, {0, RLIMIT_NOFILE, 0, kPointer}}},
         {{SYS_prlimit64, {0, RLIMIT_NOFILE, kPointer, 0}},
          {SYS_prlimit64, {1, RLIMIT_NOFILE, 0, kPointer}},
          {SYS_setrlimit}});
}

TEST(SeccompPolicyTest, EndingIsNoSignalToOthers) {
  const auto itself = static_cast<std::uint64_t>(kItself);
  expect(SeccompPolicy().allow_ending(),
         {{SYS_exit},
          {SYS_exit_group},
          {SYS_rt_sigprocmask},
          {SYS_rt_sigaction, {SIGABRT}},
          {SYS_tgkill, {itself, 4711, SIGABRT}}},
         {{SYS_tgkill, {itself, 4711, SIGKILL}},
          {SYS_tgkill, {1, 1, SIGABRT}},
          {SYS_kill, {itself, SIGKILL}},
          {SYS_rt_sigaction, {SIGTERM}}});
}

TEST(SeccompPolicyTest, KillingItselfIsNotKillingOthers) {
  const auto itself = static_cast<std::uint64_t>(kItself);
  expect(SeccompPolicy().allow_killing_itself(), {{SYS_kill, {itself, SIGKILL}}},
         {{SYS_kill, {1, SIGKILL}}, {SYS_kill, {itself, SIGTERM}}, {SYS_kill, {~std::uint64_t{0}, SIGKILL}}});
}

TEST(SeccompPolicyTest, ReadingFilesMakesAndChangesNone) {
  expect(SeccompPolicy().allow_reading_files(),
         {{SYS_openat, {kHere, kPointer, O_RDONLY | O_CLOEXEC | O_NONBLOCK}},
          {SYS_openat, {kWorkingDirectory, kPointer, O_RDONLY | O_DIRECTORY | O_CLOEXEC}},
          {SYS_openat, {kHere, kPointer, kGarbage | O_RDONLY}},
          {SYS_newfstatat},
          {SYS_statx},
          {SYS_faccessat2},
          {SYS_getdents64}},
         {{SYS_openat, {kHere, kPointer, O_WRONLY}},
          {SYS_openat, {kHere, kPointer, O_RDWR}},
          {SYS_openat, {kHere, kPointer, kWrites}},
          {SYS_openat, {kHere, kPointer, O_RDONLY | O_CREAT, 0600}},
          {SYS_openat, {kHere, kPointer, O_RDONLY | O_TRUNC}},
          {SYS_openat, {kHere, kPointer, O_ACCMODE}},
          {SYS_openat, {kHere, kPointer, O_RDONLY | O_TMPFILE}},
          {SYS_unlinkat},
          {SYS_write}});
}

TEST(SeccompPolicyTest, WritingFilesFollowsNoLinkAndLeavesNoneToOthers) {
  expect(SeccompPolicy().allow_making_and_writing_files(),
         {{SYS_openat, {kHere, kPointer, kWrites}},
          {SYS_openat, {kHere, kPointer, kWrites | O_CREAT | O_TRUNC, 0600}},
          {SYS_openat, {kWorkingDirectory, kPointer, kWrites | O_CREAT | O_APPEND | O_NONBLOCK, 0640}}},
         {{SYS_openat, {kHere, kPointer, O_WRONLY | O_CLOEXEC}},
          {SYS_openat, {kHere, kPointer, O_WRONLY | O_NOFOLLOW}},
          {SYS_openat, {kHere, kPointer, (kWrites & ~std::uint64_t{O_ACCMODE}) | O_RDWR}},
          {SYS_openat, {kHere, kPointer, kWrites | O_CREAT, 04755}},
          {SYS_openat, {kHere, kPointer, kWrites | O_CREAT, 02755}},
          {SYS_openat, {kHere, kPointer, O_RDONLY}}});
}

TEST(SeccompPolicyTest, ReadingAndWritingFilesTogetherAreNoMoreThanBoth) {
  expect(SeccompPolicy().allow_reading_files().allow_making_and_writing_files(),
         {{SYS_openat, {kHere, kPointer, O_RDONLY}}, {SYS_openat, {kHere, kPointer, kWrites | O_CREAT, 0600}}},
         {{SYS_openat, {kHere, kPointer, O_RDWR | O_NOFOLLOW | O_CLOEXEC}},
          {SYS_openat, {kHere, kPointer, O_WRONLY | O_CREAT, 0600}},
          {SYS_openat, {kHere, kPointer, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600}}});
}

TEST(SeccompPolicyTest, ChangingDirectoriesMakesNoLinksAndExchangesNothing) {
  expect(SeccompPolicy().allow_changing_directories(),
         {{SYS_mkdirat, {kHere, kPointer, 0755}}, {SYS_unlinkat}, {SYS_renameat}, {SYS_renameat2, {0, 0, 0, 0, 0}}},
         {{SYS_mkdirat, {kHere, kPointer, 01777}},
          {SYS_renameat2, {0, 0, 0, 0, 2}},
          {SYS_linkat},
          {SYS_symlinkat},
          {SYS_mknodat},
          {SYS_fchmodat}});
}

TEST(SeccompPolicyTest, DescriptorsAreDuplicatedAndNotSentElsewhere) {
  expect(SeccompPolicy().allow_reading_open_files(),
         {{SYS_read}, {SYS_close}, {SYS_fcntl, {kHere, F_DUPFD_CLOEXEC}}, {SYS_fcntl, {kHere, F_GETFL}}},
         {{SYS_fcntl, {kHere, F_SETOWN}}, {SYS_fcntl, {kHere, F_SETLEASE}}, {SYS_write}});
  expect(SeccompPolicy().allow_writing_open_files(), {{SYS_write}, {SYS_writev}, {SYS_fsync}},
         {{SYS_ftruncate}, {SYS_read}, {SYS_sendfile}});
}

TEST(SeccompPolicyTest, WaitingMakesNoDescriptors) {
  expect(SeccompPolicy().allow_waiting_for_events(), {{SYS_ppoll}, {SYS_epoll_pwait}, {SYS_epoll_ctl}},
         {{SYS_epoll_create1}, {SYS_eventfd2}});
  expect(SeccompPolicy().allow_making_event_descriptors(), {{SYS_epoll_create1}, {SYS_eventfd2}, {SYS_timerfd_create}},
         {{SYS_inotify_init1}, {SYS_signalfd4}, {SYS_userfaultfd}});
  expect(SeccompPolicy().allow_watching_processes(), {{SYS_pidfd_open}}, {{SYS_pidfd_send_signal}, {SYS_pidfd_getfd}});
}

TEST(SeccompPolicyTest, AThreadNamesAndSchedulesItselfAlone) {
  expect(SeccompPolicy().allow_naming_itself(), {{SYS_prctl, {PR_SET_NAME}}},
         {{SYS_prctl, {PR_SET_DUMPABLE}}, {SYS_prctl, {PR_SET_SECCOMP}}, {SYS_prctl, {PR_SET_MM}}});
  expect(SeccompPolicy().allow_scheduling_itself(), {{SYS_sched_setattr, {0}}, {SYS_getpriority, {PRIO_PROCESS, 0}}},
         {{SYS_sched_setattr, {1}}, {SYS_getpriority, {PRIO_USER, 0}}, {SYS_setpriority, {PRIO_PROCESS, 0}}});
}

TEST(SeccompPolicyTest, ProcessEventsAreOneKindOfNetlinkSocket) {
  expect(SeccompPolicy().allow_process_events(),
         {{SYS_socket, {AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR}},
          {SYS_bind},
          {SYS_sendto, {kHere, kPointer, 40, 0, kPointer, 12}},
          {SYS_recvmmsg},
          {SYS_setsockopt, {kHere, SOL_SOCKET, SO_ATTACH_FILTER}},
          {SYS_setsockopt, {kHere, SOL_NETLINK, NETLINK_NO_ENOBUFS}}},
         {{SYS_socket, {AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE}},
          {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_CONNECTOR}},
          {SYS_socket, {AF_INET, SOCK_DGRAM, 0}},
          {SYS_socket, {AF_UNIX, SOCK_DGRAM, 0}},
          {SYS_connect},
          {SYS_setsockopt, {kHere, SOL_SOCKET, SO_ATTACH_BPF}},
          {SYS_setsockopt, {kHere, SOL_SOCKET, SO_MARK}}});
}

TEST(SeccompPolicyTest, TheServiceManagerIsTalkedToByDatagrams) {
  expect(SeccompPolicy().allow_telling_the_service_manager(),
         {{SYS_socket, {AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0}},
          {SYS_sendmsg},
          {SYS_connect},
          {SYS_setsockopt, {kHere, SOL_SOCKET, SO_SNDBUF}}},
         {{SYS_socket, {AF_UNIX, SOCK_STREAM, 0}}, {SYS_socket, {AF_INET, SOCK_DGRAM, 0}}, {SYS_bind}, {SYS_recvmsg}});
}

TEST(SeccompPolicyTest, AClientOfUnixServersHasNoNetwork) {
  expect(SeccompPolicy().allow_calling_unix_servers(),
         {{SYS_socket, {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0}},
          {SYS_connect},
          {SYS_sendto, {kHere, kPointer, 9}},
          {SYS_ioctl, {kHere, FIONBIO}}},
         {{SYS_socket, {AF_INET, SOCK_STREAM, 0}},
          {SYS_socket, {AF_INET6, SOCK_STREAM, 0}},
          {SYS_sendto, {kHere, kPointer, 9, 0, kPointer, 16}},
          {SYS_bind},
          {SYS_listen},
          {SYS_accept4},
          {SYS_ioctl, {kHere, TIOCSTI}}});
}

TEST(SeccompPolicyTest, AServerAcceptsAndConnectsToNobody) {
  expect(SeccompPolicy().allow_serving_connections(),
         {{SYS_accept4}, {SYS_recvfrom}, {SYS_sendto, {kHere, kPointer, 9}}, {SYS_shutdown}, {SYS_getsockopt}},
         {{SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
          {SYS_socket, {AF_INET, SOCK_STREAM, 0}},
          {SYS_connect},
          {SYS_bind},
          {SYS_listen},
          {SYS_sendto, {kHere, kPointer, 9, 0, kPointer, 16}},
          {SYS_sendmsg},
          {SYS_setsockopt, {kHere, SOL_SOCKET, SO_SNDTIMEO}}});
}

TEST(SeccompPolicyTest, LockingDoesNotWait) {
  expect(
      SeccompPolicy().allow_locking_files(),
      {{SYS_flock, {kHere, LOCK_SH | LOCK_NB}}, {SYS_flock, {kHere, LOCK_EX | LOCK_NB}}, {SYS_flock, {kHere, LOCK_UN}}},
      {{SYS_flock, {kHere, LOCK_SH}}, {SYS_flock, {kHere, LOCK_EX}}});
}

TEST(SeccompPolicyTest, MountingMakesNewMountsOfOneKindAndChangesNone) {
  constexpr std::uint64_t kPlain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  expect(SeccompPolicy().allow_mounting_cgroups(),
         {{SYS_mount, {kPointer, kPointer, kPointer, kPlain, kPointer}}, {SYS_umount2, {kPointer, UMOUNT_NOFOLLOW}}},
         {{SYS_mount, {kPointer, kPointer, kPointer, 0, kPointer}},
          {SYS_mount, {kPointer, kPointer, kPointer, kPlain | MS_REMOUNT, kPointer}},
          {SYS_mount, {kPointer, kPointer, kPointer, kPlain | MS_BIND, kPointer}},
          {SYS_mount, {kPointer, kPointer, kPointer, kPlain | MS_MOVE, kPointer}},
          {SYS_mount, {kPointer, kPointer, kPointer, kPlain | MS_SHARED, kPointer}},
          {SYS_mount, {kPointer, kPointer, kPointer, kGarbage | kPlain, kPointer}},
          {SYS_umount2, {kPointer, 0}},
          {SYS_umount2, {kPointer, UMOUNT_NOFOLLOW | MNT_DETACH}},
          {SYS_umount2, {kPointer, MNT_FORCE}}});
}

TEST(SeccompPolicyTest, SanitizersGetMoreInTheirBuildsOnly) {
  const Judge judge(SeccompPolicy().allow_sanitizers());
  EXPECT_EQ(judge.allows({SYS_ptrace}), kIsSanitized);
  EXPECT_EQ(breaches(judge), std::vector<std::string>{});
}

}  // namespace
}  // namespace netclsd
