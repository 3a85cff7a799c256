#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/host/net_cls_groups.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

using ::testing::HasSubstr;

class NetClsExpectedTest : public testing::Test {
 protected:
  std::string error_with(const std::string& cgroups, const std::string& parameters) {
    proc_.write("cgroups", cgroups);
    proc_.write("cmdline", parameters);
    const auto expected = expect_net_cls(proc_.path());
    if (expected) return "";
    EXPECT_EQ(expected.error().code(), ErrorCode::kUnavailable);
    return expected.error().message();
  }

  TemporaryDirectory proc_;
};

TEST_F(NetClsExpectedTest, AKernelThatCanMountItIsAllRight) {
  EXPECT_EQ(error_with("net_cls\t0\t1\t1\n", "quiet cgroup_no_v1=memory\n"), "");
}

TEST_F(NetClsExpectedTest, WhatIsWrongIsSaidInOneSentence) {
  EXPECT_THAT(error_with("net_cls\t0\t1\t1\n", "quiet cgroup_no_v1=all\n"), HasSubstr("cgroup_no_v1=all"));
  EXPECT_THAT(error_with("net_cls\t0\t1\t0\n", ""), HasSubstr("cgroup_disable"));
  EXPECT_THAT(error_with("net_prio\t0\t1\t1\n", ""), HasSubstr("CONFIG_CGROUP_NET_CLASSID=y"));
}

TEST_F(NetClsExpectedTest, AProcThatCannotBeReadIsAnError) {
  EXPECT_FALSE(expect_net_cls(proc_.path() + "/nothing").has_value());
}

}  // namespace
}  // namespace netclsd
