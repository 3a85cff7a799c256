#include "hook/policy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

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

}  // namespace
}  // namespace netclsd::hook
