#include "common/sandbox/seccomp_filter.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "tests/unit/common/sandbox/filter_evaluation.h"

namespace netclsd {
namespace {

// Allows everything but getppid.
SeccompFilter without_getppid() {
  return {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
}

// Allows getpgid of the process itself, and everything that is no getpgid.
SeccompFilter getpgid_of_itself() {
  return {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 3),
          BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kItself, 1, 0),
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
}

bool asks_for_the_parent() { return ::syscall(SYS_getppid) > 0; }

TEST(SeccompFilterTest, HoldsForTheCallingThread) {
  EXPECT_EQ(fate_of_child(without_getppid(), asks_for_the_parent), SIGSYS);
  EXPECT_EQ(fate_of_child(without_getppid(), [] { return ::syscall(SYS_getpid) > 0; }), 0);
}

TEST(SeccompFilterTest, HoldsForThreadsMadeLater) {
  EXPECT_EQ(fate_of_child(without_getppid(),
                          [] {
                            std::thread(asks_for_the_parent).join();
                            return true;
                          }),
            SIGSYS);
}

TEST(SeccompFilterTest, SetsNoNewPrivileges) {
  EXPECT_EQ(fate_of_child(without_getppid(), [] { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1; }), 0);
}

TEST(SeccompFilterTest, ItselfIsTheProcessThatIsPutUnderTheFilter) {
  EXPECT_EQ(fate_of_child(getpgid_of_itself(), [] { return ::getpgid(::getpid()) > 0; }), 0);
  EXPECT_EQ(fate_of_child(getpgid_of_itself(), [] { return ::getpgid(1) > 0; }), SIGSYS);
}

TEST(SeccompFilterTest, AProgramThatTheKernelRefusesIsAnError) {
  const SeccompFilter endless = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)};
  EXPECT_EQ(fate_of_child(without_getppid(),
                          [&] {
                            const auto enforced = enforce(endless);
                            return !enforced && enforced.error().code() == ErrorCode::kSystem;
                          }),
            0);
}

TEST(SeccompModeTest, NamesAreReadAsTheyAreWritten) {
  for (const SeccompMode mode : {SeccompMode::kKill, SeccompMode::kRefuse, SeccompMode::kLog, SeccompMode::kOff}) {
    EXPECT_EQ(parse_seccomp_mode(to_string(mode)), mode);
  }
  EXPECT_STREQ(to_string(SeccompMode::kLog), "log");
}

TEST(SeccompModeTest, OtherNamesAreNoModes) {
  for (const char* text : {"", "Kill", "kill ", "trap"}) EXPECT_EQ(parse_seccomp_mode(text), std::nullopt) << text;
}

}  // namespace
}  // namespace netclsd
