#include "common/sandbox/seccomp_policy.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "common/base/fault_point.h"
#include "common/base/file.h"
#include "common/base/sanitizer.h"

namespace netclsd {
namespace {

constexpr int kSpecialModes = S_ISUID | S_ISGID | S_ISVTX;
constexpr int kSocketType = ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
constexpr int kMakesFile = O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
constexpr int kThread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
constexpr int kNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

}  // namespace

SeccompPolicy::SeccompPolicy() { rules_.push_back({SCMP_SYS(clone3), ENOSYS, {}}); }

// Only the lower half of the register is compared: the kernel ignores the upper half of an int argument.
SeccompPolicy::Argument SeccompPolicy::has(unsigned index, int mask, int value) {
  return {index, static_cast<std::uint32_t>(mask), static_cast<std::uint32_t>(value)};
}
SeccompPolicy::Argument SeccompPolicy::is(unsigned index, int value) { return has(index, -1, value); }
SeccompPolicy::Argument SeccompPolicy::is_null(unsigned index) { return {index, ~std::uint64_t{0}, 0}; }

SeccompPolicy& SeccompPolicy::allow(std::initializer_list<int> numbers) {
  for (const int number : numbers) rules_.push_back({number, 0, {}});
  return *this;
}

SeccompPolicy& SeccompPolicy::allow_if(int number, std::vector<Argument> arguments) {
  rules_.push_back({number, 0, std::move(arguments)});
  return *this;
}

SeccompPolicy& SeccompPolicy::allow_memory() {
  allow({SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise)});
  allow_if(SCMP_SYS(mmap), {has(2, PROT_EXEC, 0)});
  return allow_if(SCMP_SYS(mprotect), {has(2, PROT_EXEC, 0)});
}

SeccompPolicy& SeccompPolicy::allow_waiting_for_threads() { return allow({SCMP_SYS(futex), SCMP_SYS(sched_yield)}); }

SeccompPolicy& SeccompPolicy::allow_making_threads() {
  constexpr int kCancel = 32;  // glibc's own two real-time signals, handled from the first thread on
  constexpr int kSetIds = 33;
  for (const int signal : {kCancel, kSetIds}) allow_if(SCMP_SYS(rt_sigaction), {is(0, signal)});
  allow({SCMP_SYS(set_robust_list), SCMP_SYS(rseq)});
  return allow_if(SCMP_SYS(clone), {has(0, kThread | kNamespaces, kThread)});
}

SeccompPolicy& SeccompPolicy::allow_clocks() {
  return allow({SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
                SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(restart_syscall)});
}

SeccompPolicy& SeccompPolicy::allow_random_numbers() { return allow({SCMP_SYS(getrandom)}); }

SeccompPolicy& SeccompPolicy::allow_looking_at_itself() {
  allow({SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
         SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu),
         SCMP_SYS(getrlimit)});
  return allow_if(SCMP_SYS(prlimit64), {is(0, 0), is_null(2)});
}

SeccompPolicy& SeccompPolicy::allow_ending() {
  allow({SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn)});
  allow_if(SCMP_SYS(rt_sigaction), {is(0, SIGABRT)});
  return allow_if(SCMP_SYS(tgkill), {is(0, kItself), is(2, SIGABRT)});
}

SeccompPolicy& SeccompPolicy::allow_killing_itself() {
  return allow_if(SCMP_SYS(kill), {is(0, kItself), is(1, SIGKILL)});
}

SeccompPolicy& SeccompPolicy::allow_reading_open_files() {
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC}) {
    allow_if(SCMP_SYS(fcntl), {is(1, command)});
  }
  return allow({SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(lseek), SCMP_SYS(close)});
}

SeccompPolicy& SeccompPolicy::allow_writing_open_files() {
  return allow({SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(fsync), SCMP_SYS(fdatasync)});
}

SeccompPolicy& SeccompPolicy::allow_reading_files() {
  allow({SCMP_SYS(newfstatat), SCMP_SYS(fstat), SCMP_SYS(statx), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(access),
         SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
         SCMP_SYS(getdents), SCMP_SYS(getcwd)});
  allow_if(SCMP_SYS(openat), {has(2, O_ACCMODE | kMakesFile, O_RDONLY)});
  return allow_if(SCMP_SYS(open), {has(1, O_ACCMODE | kMakesFile, O_RDONLY)});
}

// O_NOFOLLOW: we never write to the target of a link.
SeccompPolicy& SeccompPolicy::allow_making_and_writing_files() {
  constexpr int kAlways = O_NOFOLLOW | O_CLOEXEC;
  constexpr int kLooksAt = O_ACCMODE | kAlways;
  allow_if(SCMP_SYS(openat), {has(2, kLooksAt, O_WRONLY | kAlways), has(3, kSpecialModes, 0)});
  return allow_if(SCMP_SYS(open), {has(1, kLooksAt, O_WRONLY | kAlways), has(2, kSpecialModes, 0)});
}

SeccompPolicy& SeccompPolicy::allow_changing_directories() {
  allow({SCMP_SYS(unlinkat), SCMP_SYS(unlink), SCMP_SYS(renameat), SCMP_SYS(rename)});
  allow_if(SCMP_SYS(renameat2), {is(4, 0)});
  allow_if(SCMP_SYS(mkdirat), {has(2, kSpecialModes, 0)});
  return allow_if(SCMP_SYS(mkdir), {has(1, kSpecialModes, 0)});
}

SeccompPolicy& SeccompPolicy::allow_waiting_for_events() {
  return allow({SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl)});
}

SeccompPolicy& SeccompPolicy::allow_making_event_descriptors() {
  return allow({SCMP_SYS(epoll_create1), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime)});
}

SeccompPolicy& SeccompPolicy::allow_watching_processes() { return allow({SCMP_SYS(pidfd_open)}); }

SeccompPolicy& SeccompPolicy::allow_naming_itself() { return allow_if(SCMP_SYS(prctl), {is(0, PR_SET_NAME)}); }

SeccompPolicy& SeccompPolicy::allow_scheduling_itself() {
  allow_if(SCMP_SYS(sched_setattr), {is(0, 0)});
  return allow_if(SCMP_SYS(getpriority), {is(0, PRIO_PROCESS), is(1, 0)});
}

SeccompPolicy& SeccompPolicy::allow_socket(int family, int type, int protocol) {
  return allow_if(SCMP_SYS(socket), {is(0, family), has(1, kSocketType, type), is(2, protocol)});
}

SeccompPolicy& SeccompPolicy::allow_options(int level, std::initializer_list<int> options) {
  for (const int option : options) allow_if(SCMP_SYS(setsockopt), {is(1, level), is(2, option)});
  return *this;
}

// Only to the peer of a connected socket: there is no address.
SeccompPolicy& SeccompPolicy::allow_sending() { return allow_if(SCMP_SYS(sendto), {is_null(4)}); }

SeccompPolicy& SeccompPolicy::allow_process_events() {
  allow({SCMP_SYS(bind), SCMP_SYS(getsockopt), SCMP_SYS(sendto), SCMP_SYS(recvmmsg)});
  allow_options(SOL_SOCKET, {SO_ATTACH_FILTER, SO_RCVBUF, SO_RCVBUFFORCE});
  allow_options(SOL_NETLINK, {NETLINK_NO_ENOBUFS});
  return allow_socket(AF_NETLINK, SOCK_DGRAM, NETLINK_CONNECTOR);
}

SeccompPolicy& SeccompPolicy::allow_using_loaded_bpf() {
  for (const int command : {BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY,
                            BPF_MAP_LOOKUP_AND_DELETE_ELEM, BPF_OBJ_PIN, BPF_OBJ_GET, BPF_OBJ_GET_INFO_BY_FD,
                            BPF_PROG_QUERY, BPF_LINK_CREATE, BPF_LINK_UPDATE, BPF_LINK_DETACH}) {
    allow_if(SCMP_SYS(bpf), {is(0, command)});
  }
  return *this;
}

SeccompPolicy& SeccompPolicy::allow_asking_open_netlink() {
  return allow({SCMP_SYS(sendto), SCMP_SYS(recvmsg), SCMP_SYS(recvfrom)});
}

SeccompPolicy& SeccompPolicy::allow_telling_the_service_manager() {
  allow({SCMP_SYS(connect), SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(getsockopt)});
  allow_options(SOL_SOCKET, {SO_SNDBUF, SO_SNDBUFFORCE});
  return allow_socket(AF_UNIX, SOCK_DGRAM, 0);
}

SeccompPolicy& SeccompPolicy::allow_calling_unix_servers() {
  allow({SCMP_SYS(connect), SCMP_SYS(getsockopt), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom),
         SCMP_SYS(shutdown)});
  allow_options(SOL_SOCKET, {SO_SNDTIMEO, SO_RCVTIMEO});
  allow_if(SCMP_SYS(ioctl), {is(1, FIONBIO)});
  return allow_sending().allow_socket(AF_UNIX, SOCK_STREAM, 0);
}

SeccompPolicy& SeccompPolicy::allow_serving_connections() {
  return allow({SCMP_SYS(accept4), SCMP_SYS(recvfrom), SCMP_SYS(getsockopt), SCMP_SYS(shutdown)}).allow_sending();
}

SeccompPolicy& SeccompPolicy::allow_locking_files() {
  for (const int operation : {LOCK_SH | LOCK_NB, LOCK_EX | LOCK_NB, LOCK_UN}) {
    allow_if(SCMP_SYS(flock), {is(1, operation)});
  }
  return *this;
}

SeccompPolicy& SeccompPolicy::allow_mounting_cgroups() {
  constexpr std::uint64_t kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  allow_if(SCMP_SYS(mount), {{3, ~std::uint64_t{0}, kFlags}});
  return allow_if(SCMP_SYS(umount2), {is(1, UMOUNT_NOFOLLOW)});
}

SeccompPolicy& SeccompPolicy::allow_sanitizers() {
  if constexpr (!kIsSanitized) return *this;
  allow_waiting_for_threads().allow_reading_files().allow_reading_open_files().allow_writing_open_files();
  // The runtimes install a handler of each deadly signal and a stack for it, use pipes to find out whether memory can
  // be read, map shadow memory, and at the end start a thread or process that stops the others and searches for leaks.
  return allow({SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack),
                SCMP_SYS(pipe),         SCMP_SYS(pipe2),
                SCMP_SYS(getppid),      SCMP_SYS(prctl),
                SCMP_SYS(clone),        SCMP_SYS(fork),
                SCMP_SYS(ptrace),       SCMP_SYS(wait4),
                SCMP_SYS(waitid),       SCMP_SYS(kill),
                SCMP_SYS(tkill),        SCMP_SYS(tgkill),
                SCMP_SYS(arch_prctl),   SCMP_SYS(set_robust_list),
                SCMP_SYS(rseq),         SCMP_SYS(mmap),
                SCMP_SYS(mprotect),     SCMP_SYS(prlimit64),
                SCMP_SYS(setrlimit),    SCMP_SYS(process_vm_readv),
                SCMP_SYS(dup),          SCMP_SYS(dup2),
                SCMP_SYS(ioctl)});
}

namespace {

struct Release {
  void operator()(scmp_filter_ctx context) const { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

// "Log" and "kill process" exist, without asking this kernel: a build compiles filters that are enforced elsewhere, and
// may run on an older kernel, or under an emulator without seccomp. enforce() asks the kernel that counts.
constexpr unsigned kApiOfLinux414 = 3;
constexpr std::uint32_t kBinaryTree = 2;  // of system call numbers, instead of one comparison after the other

// The library returns negative errno values.
Result<void> check(int outcome, std::string_view what) {
  if (outcome == 0) return {};
  return system_failure(-outcome, what);
}

std::uint32_t to_action(int error) {
  return error == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error));
}

std::uint32_t default_action(SeccompMode mode) {
  if (mode == SeccompMode::kLog) return SCMP_ACT_LOG;
  return mode == SeccompMode::kRefuse ? to_action(kRefusedErrno) : SCMP_ACT_KILL_PROCESS;
}

Result<Context> make_context(SeccompMode mode) {
  static const int kApiSet = ::seccomp_api_set(kApiOfLinux414);  // once, since threads compile at the same time
  if (auto set = check(kApiSet, "set libseccomp's level"); !set) return pass_on(set.error());
  Context context(::seccomp_init(default_action(mode)));
  if (!context) return failure(ErrorCode::kUnavailable, "no memory for a seccomp filter");
  for (const auto& [attribute, value] :
       {std::pair{SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS}, std::pair{SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree}}) {
    auto set = check(::seccomp_attr_set(context.get(), attribute, value), "set a seccomp attribute");
    if (!set) return pass_on(set.error());
  }
  return context;
}

Result<SeccompFilter> read_program(const UniqueFd& file) {
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0) return system_failure(errno, "size a seccomp filter");
  SeccompFilter filter(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(file.get(), filter.data(), static_cast<std::size_t>(size), 0) == size) return filter;
  return system_failure(errno, "read a seccomp filter");
}

Result<SeccompFilter> export_program(const Context& context) {
  const UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file.is_open()) return system_failure(errno, "make a file for a seccomp filter");
  auto exported = check(::seccomp_export_bpf(context.get(), file.get()), "compile a seccomp filter");
  if (!exported) return pass_on(exported.error());
  return read_program(file);
}

}  // namespace

Result<SeccompFilter> SeccompPolicy::compile(SeccompMode mode) const {
  auto context = make_context(mode);
  if (!context) return pass_on(context.error());
  for (const Rule& rule : rules_) {
    const std::uint32_t action = to_action(rule.error);
    if (action == default_action(mode)) continue;  // the library refuses a rule that repeats the default
    std::vector<scmp_arg_cmp> comparisons;
    for (const Argument& argument : rule.arguments) {
      comparisons.push_back({argument.index, SCMP_CMP_MASKED_EQ, argument.mask, argument.value});
    }
    auto added = check(::seccomp_rule_add_array(context->get(), action, rule.number,
                                                static_cast<unsigned>(comparisons.size()), comparisons.data()),
                       "add a seccomp rule");
    if (!added) return pass_on(added.error());
  }
  return export_program(*context);
}

SeccompPolicy basic_policy() {
  SeccompPolicy policy;
  policy.allow_memory()
      .allow_waiting_for_threads()
      .allow_clocks()
      .allow_random_numbers()
      .allow_looking_at_itself()
      .allow_ending()
      .allow_reading_open_files()
      .allow_writing_open_files()
      .allow_reading_files()
      .allow_waiting_for_events()
      .allow_sanitizers();
  if constexpr (kHasFaultPoints) policy.allow_killing_itself();
  return policy;
}

}  // namespace netclsd
