#include "common/net_cls/kernel_flaws.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netclsd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kEnabled = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nnet_cls\t0\t1\t1\nnet_prio\t0\t1\t1\n";
constexpr const char* kDisabled = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nnet_cls\t0\t1\t0\n";
constexpr const char* kWithout = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nnet_prio\t0\t1\t1\n";

TEST(KernelFlawsTest, NothingPreventsNetClsWhereItIsEnabled) {
  for (const char* parameters : {"", "quiet\n", "root=/dev/vda1 cgroup_no_v1=memory,cpu\n", "cgroup_no_v1=named",
                                 "cgroup_no_v1=", "cgroup_no_v1", "a_cgroup_no_v1=all", "cgroup_disable=memory",
                                 "cgroup_no_v1=net_clsx", "quiet -- cgroup_no_v1=all"}) {
    EXPECT_EQ(what_prevents_net_cls(kEnabled, parameters), "") << parameters;
  }
}

// /proc/cgroups says "enabled 1" all the same, and the mount fails with EINVAL.
TEST(KernelFlawsTest, ABootParameterMayForbidItWithoutAWordInProcCgroups) {
  for (const char* parameters :
       {"quiet cgroup_no_v1=all\n", "cgroup_no_v1=net_cls", "cgroup_no_v1=memory,net_cls x",
        "cgroup_no_v1=memory cgroup_no_v1=net_cls", "cgroup-no-v1=all", "cgroup_no_v1=named,all"}) {
    EXPECT_THAT(what_prevents_net_cls(kEnabled, parameters), HasSubstr("boot again")) << parameters;
  }
  EXPECT_EQ(what_prevents_net_cls(kEnabled, "cgroup_no_v1=memory,net_cls"),
            "the kernel's boot parameter cgroup_no_v1=memory,net_cls forbids to mount net_cls, which exists in cgroup "
            "v1 only: take net_cls (or all) out of it, and boot again");
  EXPECT_EQ(what_prevents_net_cls(kEnabled, "cgroup_no_v1=all"),
            "the kernel's boot parameter cgroup_no_v1=all forbids to mount net_cls, which exists in cgroup v1 only: "
            "take it away, or name the other controllers instead of all, and boot again");
}

TEST(KernelFlawsTest, AKernelWithoutItIsToldFromOneThatHasItSwitchedOff) {
  EXPECT_THAT(what_prevents_net_cls(kWithout, ""), HasSubstr("CONFIG_CGROUP_NET_CLASSID=y"));
  EXPECT_THAT(what_prevents_net_cls(kWithout, ""), Not(HasSubstr("cgroup_disable")));
  EXPECT_THAT(what_prevents_net_cls(kDisabled, ""), HasSubstr("cgroup_disable"));
  EXPECT_THAT(what_prevents_net_cls(kDisabled, ""), Not(HasSubstr("CONFIG_")));
}

TEST(KernelFlawsTest, ABootParameterMayComeMoreThanOnce) {
  EXPECT_THAT(boot_parameter("a=1 b a=2,3 a-x=4 a= -- a=5\n", "a"), ElementsAre("1", "2,3", ""));
  EXPECT_THAT(boot_parameter("a-b_c=1 a_b_c=2", "a_b_c"), ElementsAre("1", "2"));
  EXPECT_THAT(boot_parameter("", "a"), IsEmpty());
}

TEST(KernelFlawsTest, VersionsThatBreakCgroup2MatchingAreKnown) {
  EXPECT_EQ(keeps_cgroup2_matching("5.10.225-x"), false);
  EXPECT_EQ(keeps_cgroup2_matching("5.10.226"), true);
  EXPECT_EQ(keeps_cgroup2_matching("6.1.0-18-amd64"), true);
  EXPECT_EQ(keeps_cgroup2_matching("unknown"), std::nullopt);
}

constexpr const char* kPlain = "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kFavoring = "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate,favordynmods\n";
constexpr const char* kFavoringV1 = "50 31 0:40 / /mnt/n rw - cgroup cgroup rw,net_cls,favordynmods\n";

TEST(EarlyMovesTest, AreForbiddenSince618WhereAMountFavorsThem) {
  for (const char* release : {"6.18.0", "6.18.44-fc-v782", "6.19", "7.2.13+deb14-amd64", "unknown", ""}) {
    EXPECT_THAT(what_forbids_early_moves(release, {kPlain, kFavoring}, ""), HasSubstr("/sys/fs/cgroup")) << release;
    EXPECT_EQ(what_forbids_early_moves(release, {kPlain, ""}, "quiet"), "") << release;
  }
  for (const char* release : {"6.17.9", "6.12.117", "6.1.0-28-amd64", "5.10.0"}) {
    EXPECT_EQ(what_forbids_early_moves(release, {kFavoring}, "cgroup_favordynmods=1"), "") << release;
  }
}

TEST(EarlyMovesTest, AMountOfEitherVersionInEitherNamespaceIsEnough) {
  EXPECT_THAT(what_forbids_early_moves("7.2", {kFavoringV1, kPlain}, ""), HasSubstr("/mnt/n has the option"));
  EXPECT_THAT(what_forbids_early_moves("7.2", {kPlain, kFavoringV1}, ""), HasSubstr("/mnt/n has the option"));
}

TEST(EarlyMovesTest, ThatOptionOfAnotherFileSystemOrInAnotherPlaceIsNone) {
  for (const char* line :
       {"41 31 0:38 / /a rw - tmpfs tmpfs rw,favordynmods\n", "41 31 0:38 / /favordynmods rw - cgroup2 cgroup2 rw\n",
        "41 31 0:38 / /a rw,favordynmods - cgroup2 cgroup2 rw\n",
        "41 31 0:38 / /a rw - cgroup2 cgroup2 rw,nofavordynmods\n", "", "\n", "favordynmods"}) {
    EXPECT_EQ(what_forbids_early_moves("7.2", {line}, ""), "") << line;
  }
}

TEST(EarlyMovesTest, TheBootParameterGivesItToMountsThatComeLater) {
  for (const char* parameters : {"cgroup_favordynmods=1", "a cgroup_favordynmods=on b", "cgroup-favordynmods=y\n",
                                 "cgroup_favordynmods=0 cgroup_favordynmods=true"}) {
    EXPECT_THAT(what_forbids_early_moves("7.2", {kPlain}, parameters), HasSubstr("boot parameter")) << parameters;
  }
  for (const char* parameters : {"cgroup_favordynmods=0", "cgroup_favordynmods=off", "cgroup_favordynmods=",
                                 "cgroup_favordynmods", "cgroup_favordynmods=1 cgroup_favordynmods=no"}) {
    EXPECT_EQ(what_forbids_early_moves("7.2", {kPlain}, parameters), "") << parameters;
  }
}

TEST(EarlyMovesTest, TheSentenceSaysWhatToChange) {
  EXPECT_EQ(what_forbids_early_moves("7.2", {kFavoring}, ""),
            "the cgroup mount at /sys/fs/cgroup has the option favordynmods: since Linux 6.18 the kernel crashes if a "
            "process is moved while it is being forked, so the agent moves children later than it could; mount cgroups "
            "without that option, and boot again");
}

}  // namespace
}  // namespace netclsd
