#include "hook/sandbox.h"

#include <gtest/gtest.h>
#include <netclsd_hook_filter.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <span>
#include <thread>

#include "hook/policy.h"
#include "tests/unit/common/sandbox/filter_evaluation.h"

namespace netclsd::hook {
namespace {

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
  EXPECT_TRUE(is_same(kHookFilterLog, *hook_policy().compile(SeccompMode::kLog)));
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
