#include "nri/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netclsd_nri_filter.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <span>

#include "common/base/sanitizer.h"
#include "tests/unit/common/sandbox/filter_evaluation.h"
#include "tests/unit/common/sandbox/forbidden_calls.h"

namespace netclsd::nri {
namespace {

constexpr std::uint64_t kHere = 3;
constexpr std::uint64_t kPointer = 0x7fff'1234'5678;

TEST(NriPolicyTest, ThePluginMayNotWhatNoneOfUsNeeds) {
  EXPECT_EQ(breaches(Judge(nri_policy())), std::vector<std::string>{});
}

TEST(NriPolicyTest, ThePluginTalksToUnixSocketsAndPlaces) {
  const Judge judge(nri_policy());
  constexpr std::uint64_t kWrites = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
  for (const netclsd::Call& call :
       std::vector<netclsd::Call>{{SYS_socket, {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0}},
                                  {SYS_connect},
                                  {SYS_ppoll},
                                  {SYS_recvfrom},
                                  {SYS_openat, {kHere, kPointer, kWrites | O_CREAT | O_TRUNC, 0600}},
                                  {SYS_mkdirat, {kHere, kPointer, 0755}},
                                  {SYS_exit_group}}) {
    EXPECT_TRUE(judge.allows(call)) << call;
  }
}

TEST(NriPolicyTest, ThePluginServesNobodyAndMakesNoThread) {
  const Judge judge(nri_policy());
  for (const netclsd::Call& call : std::vector<netclsd::Call>{{SYS_bind},
                                                              {SYS_accept4},
                                                              {SYS_socket, {AF_INET, SOCK_STREAM, 0}},
                                                              {SYS_socket, {AF_NETLINK, SOCK_DGRAM, 11}},
                                                              {SYS_pidfd_open},
                                                              {SYS_execve}}) {
    EXPECT_TRUE(judge.kills(call)) << call;
  }
  // The leak checker of a sanitized program runs in a thread of its own.
  EXPECT_NE(judge.kills({SYS_clone, {CLONE_VM | CLONE_SIGHAND | CLONE_THREAD}}), kIsSanitized);
}

bool is_same(std::span<const sock_filter> built, const SeccompFilter& compiled) {
  return std::equal(built.begin(), built.end(), compiled.begin(), compiled.end(), [](const auto& a, const auto& b) {
    return a.code == b.code && a.jt == b.jt && a.jf == b.jf && a.k == b.k;
  });
}

TEST(NriSandboxTest, TheBuildsFiltersAreThePolicy) {
  EXPECT_TRUE(is_same(kNriFilterKill, *nri_policy().compile(SeccompMode::kKill)));
  EXPECT_TRUE(is_same(kNriFilterRefuse, *nri_policy().compile(SeccompMode::kRefuse)));
  EXPECT_TRUE(is_same(kNriFilterLog, *nri_policy().compile(SeccompMode::kLog)));
}

TEST(NriSandboxTest, AConfinedPluginDiesOfAConnection) {
  const SeccompFilter none = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const auto connects = [] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; };
  const auto fate = [&](SeccompMode mode) {
    return fate_of_child(none, [&] { return confine_nri(mode).has_value() && connects(); });
  };
  EXPECT_EQ(fate(SeccompMode::kKill), SIGSYS);
  EXPECT_EQ(fate(SeccompMode::kLog), 0);
  EXPECT_EQ(fate(SeccompMode::kOff), 0);
}

}  // namespace
}  // namespace netclsd::nri
