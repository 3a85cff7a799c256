#include "hook/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netclsd_hook_filter.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <span>
#include <thread>

#include "tests/unit/common/sandbox/filter_evaluation.h"
#include "tests/unit/common/sandbox/forbidden_calls.h"

namespace netclsd::hook {
namespace {

constexpr std::uint64_t kHere = 3;
constexpr std::uint64_t kPointer = 0x7fff'1234'5678;

TEST(HookPolicyTest, TheHookMayNotWhatNoneOfUsNeeds) {
  EXPECT_EQ(breaches(Judge(hook_policy())), std::vector<std::string>{});
}

TEST(HookPolicyTest, TheHookAsksTheAgentAndWritesSpoolGroupsAndLog) {
  const Judge judge(hook_policy());
  constexpr std::uint64_t kWrites = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
  for (const Call& call :
       std::vector<Call>{{SYS_socket, {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0}},
                         {SYS_connect},
                         {SYS_ioctl, {kHere, FIONBIO}},
                         {SYS_openat, {kHere, kPointer, kWrites | O_CREAT | O_TRUNC, 0600}},
                         {SYS_openat, {kHere, kPointer, kWrites | O_CREAT | O_APPEND | O_NONBLOCK, 0640}},
                         {SYS_mkdirat, {kHere, kPointer, 0755}},
                         {SYS_flock, {kHere, LOCK_SH | LOCK_NB}},
                         {SYS_mount, {kPointer, kPointer, kPointer, MS_NOSUID | MS_NODEV | MS_NOEXEC, kPointer}},
                         {SYS_umount2, {kPointer, UMOUNT_NOFOLLOW}},
                         {SYS_clone, {CLONE_VM | CLONE_SIGHAND | CLONE_THREAD}},
                         {SYS_exit_group}}) {
    EXPECT_TRUE(judge.allows(call)) << call;
  }
}

TEST(HookPolicyTest, TheHookServesNobodyAndWatchesNoProcess) {
  const Judge judge(hook_policy());
  for (const Call& call : std::vector<Call>{{SYS_bind},
                                            {SYS_accept4},
                                            {SYS_socket, {AF_UNIX, SOCK_DGRAM, 0}},
                                            {SYS_socket, {AF_NETLINK, SOCK_DGRAM, 11}},
                                            {SYS_pidfd_open},
                                            {SYS_sched_setattr}}) {
    EXPECT_TRUE(judge.kills(call)) << call;
  }
}

const SeccompFilter kNone = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

int fate_of_hook(SeccompMode mode, const std::function<bool()>& deed) {
  return fate_of_child(kNone, [&] { return confine_hook(mode).has_value() && deed(); });
}

bool opens_a_connection() { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }

bool runs_a_program() {
  ::execl("/bin/true", "true", nullptr);
  return false;
}

bool waits_for_a_thread() {
  bool has_run = false;
  std::thread([&] { has_run = true; }).join();
  return has_run;
}

bool is_same(std::span<const sock_filter> built, const SeccompFilter& compiled) {
  return std::equal(built.begin(), built.end(), compiled.begin(), compiled.end(), [](const auto& a, const auto& b) {
    return a.code == b.code && a.jt == b.jt && a.jf == b.jf && a.k == b.k;
  });
}

TEST(HookSandboxTest, TheBuildsFiltersAreThePolicy) {
  EXPECT_TRUE(is_same(kHookFilterKill, *hook_policy().compile(SeccompMode::kKill)));
  EXPECT_TRUE(is_same(kHookFilterRefuse, *hook_policy().compile(SeccompMode::kRefuse)));
  EXPECT_TRUE(is_same(kHookFilterLog, *hook_policy().compile(SeccompMode::kLog)));
}

// A build may run on an old kernel, or under an emulator without seccomp; the filter is enforced elsewhere. In a new
// process, because libseccomp asks the kernel once.
TEST(HookSandboxTest, IsCompiledAlsoOnAKernelWithoutSeccomp) {
  EXPECT_EQ(fate_of_child(refusing(SYS_seccomp),
                          [] {
                            ::execl("/proc/self/exe", "unit_tests", "--gtest_brief=1",
                                    "--gtest_filter=HookSandboxTest.TheBuildsFiltersAreThePolicy", nullptr);
                            return false;
                          }),
            0);
}

TEST(HookSandboxTest, AConfinedHookDiesOfAProgramOrAConnection) {
  EXPECT_EQ(fate_of_hook(SeccompMode::kKill, opens_a_connection), SIGSYS);
  EXPECT_EQ(fate_of_hook(SeccompMode::kKill, runs_a_program), SIGSYS);
}

TEST(HookSandboxTest, InItsThreads) {
  EXPECT_EQ(fate_of_hook(SeccompMode::kKill, waits_for_a_thread), 0);
  EXPECT_EQ(fate_of_hook(SeccompMode::kKill,
                         [] {
                           std::thread(opens_a_connection).join();
                           return true;
                         }),
            SIGSYS);
}

TEST(HookSandboxTest, InRefuseModeItLivesAndTheCallFails) {
  EXPECT_EQ(fate_of_hook(SeccompMode::kRefuse, [] { return !opens_a_connection() && errno == kRefusedErrno; }), 0);
  EXPECT_EQ(fate_of_hook(SeccompMode::kRefuse, [] { return !runs_a_program() && errno == kRefusedErrno; }), 0);
  EXPECT_EQ(fate_of_hook(SeccompMode::kRefuse, waits_for_a_thread), 0);
}

TEST(HookSandboxTest, InLogModeAndWithoutItLives) {
  for (const SeccompMode mode : {SeccompMode::kLog, SeccompMode::kOff}) {
    EXPECT_EQ(fate_of_hook(mode, opens_a_connection), 0);
    EXPECT_EQ(fate_of_hook(mode, runs_a_program), 0);
  }
}

TEST(HookSandboxTest, AbortsBySigabrt) {
  EXPECT_EQ(fate_of_hook(SeccompMode::kKill, []() -> bool { std::abort(); }), SIGABRT);
}

}  // namespace
}  // namespace netclsd::hook
