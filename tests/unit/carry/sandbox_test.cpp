#include "carry/sandbox.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/unit/common/sandbox/filter_evaluation.h"
#include "tests/unit/common/sandbox/forbidden_calls.h"

namespace netclsd::carry {
namespace {

constexpr std::uint64_t kHere = 3;
constexpr std::uint64_t kPointer = 0x7fff'1234'5678;

bool has_bpf(const std::string& call) { return call == "bpf"; }

// All of bpf(2) is among what nobody may; the carrier may a part.
TEST(CarryPolicyTest, TheCarrierMayNotWhatNoneOfUsNeeds) {
  auto found = breaches(Judge(carry_policy()));
  std::erase_if(found, has_bpf);
  EXPECT_EQ(found, std::vector<std::string>{});
}

TEST(CarryPolicyTest, TheCarrierUsesWhatIsLoaded) {
  const Judge judge(carry_policy());
  for (const netclsd::Call& call : std::vector<netclsd::Call>{{SYS_bpf, {BPF_MAP_LOOKUP_ELEM}},
                                                              {SYS_bpf, {BPF_MAP_UPDATE_ELEM}},
                                                              {SYS_bpf, {BPF_OBJ_PIN}},
                                                              {SYS_bpf, {BPF_LINK_CREATE}},
                                                              {SYS_bpf, {BPF_LINK_UPDATE}},
                                                              {SYS_sendto},
                                                              {SYS_recvmsg},
                                                              {SYS_ppoll},
                                                              {SYS_mkdirat, {kHere, kPointer, 0700}},
                                                              {SYS_exit_group}}) {
    EXPECT_TRUE(judge.allows(call)) << call;
  }
}

TEST(CarryPolicyTest, TheCarrierLoadsNothingAndOpensNoSocket) {
  const Judge judge(carry_policy());
  for (const netclsd::Call& call : std::vector<netclsd::Call>{{SYS_bpf, {BPF_PROG_LOAD}},
                                                              {SYS_bpf, {BPF_MAP_CREATE}},
                                                              {SYS_bpf, {BPF_BTF_LOAD}},
                                                              {SYS_bpf, {BPF_PROG_ATTACH}},
                                                              {SYS_bpf, {BPF_PROG_GET_FD_BY_ID}},
                                                              {SYS_bpf, {BPF_MAP_GET_FD_BY_ID}},
                                                              {SYS_bpf, {BPF_RAW_TRACEPOINT_OPEN}},
                                                              {SYS_socket, {AF_NETLINK, SOCK_RAW, 0}},
                                                              {SYS_socket, {AF_INET, SOCK_STREAM, 0}},
                                                              {SYS_bind},
                                                              {SYS_setns, {kHere, 0}},
                                                              {SYS_execve}}) {
    EXPECT_TRUE(judge.kills(call)) << call;
  }
}

TEST(CarryFilesTest, TheCarrierWritesOnlyItsReportAndItsPins) {
  const LandlockRules rules = carry_files("/etc/netclsd/config.json", "/run/netclsd", "/sys/fs/bpf/netclsd");
  EXPECT_THAT(rules.files, testing::ElementsAre("/run/netclsd", "/sys/fs/bpf/netclsd"));
  EXPECT_THAT(rules.read, testing::IsSupersetOf({"/proc", "/etc/netclsd"}));
  EXPECT_THAT(rules.groups, testing::IsEmpty());
  EXPECT_THAT(rules.removal, testing::IsEmpty());
}

}  // namespace
}  // namespace netclsd::carry
