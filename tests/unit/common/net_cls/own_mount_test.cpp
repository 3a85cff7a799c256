// Over a plain directory that looks like a hierarchy; nothing is really mounted or unmounted. The rest is in
// tests/e2e/test_mount.py.
#include "common/net_cls/own_mount.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/net_cls/mount_files.h"
#include "tests/unit/common/fault_in_test.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

using std::chrono::milliseconds;

class OwnMountTest : public testing::Test {
 protected:
  OwnMountTest() {
    tree_.write("proc/self/mountinfo", "1 2 0:4 / " + mount_.directory + " rw - cgroup n rw,net_cls\n");
  }

  void look_mounted() const {
    tree_.write("run/net_cls/net_cls.classid", "0\n");
    tree_.write("run/net_cls/netclsd/cgroup.procs", "");
  }
  [[nodiscard]] static SteadyTime soon() { return std::chrono::steady_clock::now() + milliseconds(5); }
  [[nodiscard]] Unmounted attempt(MountAgent agent = MountAgent::kIsAway) const {
    return unmount_if_unused(mount_, agent, soon()).value();
  }

  TemporaryDirectory tree_;
  const OwnMount mount_{
      .directory = tree_.path("run/net_cls"), .spool = tree_.path("run/spool"), .proc = tree_.path("proc")};
};

TEST_F(OwnMountTest, APlainDirectoryIsNothingMounted) {
  EXPECT_FALSE(is_mounted(mount_));
  tree_.write("run/net_cls/file", "");
  EXPECT_FALSE(is_mounted(mount_));
  EXPECT_EQ(hold_if_mounted(mount_, soon()).has_value(), false);
  EXPECT_EQ(attempt(), Unmounted::kNotMounted);
  EXPECT_FALSE(tree_.has("run/net_cls.lock")) << "nothing is made where nothing is to be done";
  look_mounted();
  EXPECT_TRUE(is_mounted(mount_));
}

TEST_F(OwnMountTest, WhatIsMountedIsHeldByManyAtOnce) {
  look_mounted();
  const MountHold first = hold_if_mounted(mount_, soon());
  const auto second = hold_mounted(mount_, soon());
  EXPECT_TRUE(first.has_value());
  EXPECT_TRUE(second && second->has_value());
  struct stat lock {};
  ASSERT_EQ(::stat(tree_.path("run/net_cls.lock").c_str(), &lock), 0);
  EXPECT_EQ(lock.st_mode & 07777U, 0600U);
}

TEST_F(OwnMountTest, WhileItIsHeldNobodyUnmounts) {
  look_mounted();
  const MountHold hold = hold_if_mounted(mount_, soon());
  EXPECT_EQ(attempt(), Unmounted::kBusy);
}

TEST_F(OwnMountTest, WhileOthersUnmountItIsNotWaitedForLongerThanAsked) {
  look_mounted();
  auto lock = MountLock::open(mount_.directory);
  ASSERT_TRUE(*lock->try_to_have_alone());
  EXPECT_FALSE(hold_if_mounted(mount_, soon()).has_value());
  EXPECT_EQ(hold_mounted(mount_, soon()).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(attempt(), Unmounted::kBusy);
}

TEST_F(OwnMountTest, AContainerThatLivesKeepsIt) {
  look_mounted();
  tree_.write("proc/7/stat", "7 (sh) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0\n");
  for (const char* file : {"run/containers/c1.json", "run/spool/c1.json"}) {
    tree_.write(file, R"({"pid":7,"start_time":100})");
    ::chmod(tree_.path(file).c_str(), 0600);
    EXPECT_TRUE(has_users(mount_));
    EXPECT_EQ(attempt(), Unmounted::kInUse) << file;
    std::filesystem::remove(tree_.path(file));
  }
  EXPECT_FALSE(has_users(mount_));
}

TEST_F(OwnMountTest, WhatTheRunningAgentHasNotForgottenKeepsIt) {
  look_mounted();
  tree_.write("run/containers/c1.json", R"({"pid":7,"start_time":100})");  // which has ended
  ::chmod(tree_.path("run/containers/c1.json").c_str(), 0600);
  const MountHold hold = hold_if_mounted(mount_, soon());  // nothing is unmounted in this test
  EXPECT_EQ(attempt(MountAgent::kAnswers), Unmounted::kInUse);
  EXPECT_EQ(attempt(MountAgent::kIsAway), Unmounted::kBusy);
}

TEST_F(OwnMountTest, TheAgentsSettingKeepsIt) {
  look_mounted();
  ASSERT_TRUE(write_mount_settings(mount_.directory, {.parent = "netclsd", .keeps_mounted = true}));
  EXPECT_EQ(attempt(), Unmounted::kInUse);
  tree_.write("run/net_cls.json", "nojson");
  EXPECT_FALSE(unmount_if_unused(mount_, MountAgent::kIsAway, soon())) << "it may be to be kept";
}

TEST_F(OwnMountTest, GroupsAndMountsOfOthersKeepIt) {
  look_mounted();
  std::filesystem::create_directory(tree_.path("run/net_cls/theirs"));
  EXPECT_EQ(attempt(), Unmounted::kInUse);
  EXPECT_TRUE(tree_.has("run/net_cls/netclsd"));
  std::filesystem::remove(tree_.path("run/net_cls/theirs"));
  tree_.write("proc/self/mountinfo", "1 2 0:4 / " + mount_.directory + " rw - cgroup n rw,net_cls\n" +
                                         "3 2 0:4 / /sys/fs/cgroup/net_cls rw - cgroup n rw,net_cls\n");
  EXPECT_EQ(attempt(), Unmounted::kInUse);
}

TEST_F(OwnMountTest, WhatSomebodyElseHasMountedWillDoForAFallback) {
  tree_.write("proc/self/mountinfo", "3 2 0:4 / /sys/fs/cgroup/net_cls rw - cgroup n rw,net_cls\n");
  const auto hold = hold_some_mounted(mount_, soon());
  ASSERT_TRUE(hold);
  EXPECT_FALSE(hold->has_value());
}

TEST_F(OwnMountTest, NothingIsMountedUnderSysFsCgroup) {
  EXPECT_EQ(mount_net_cls("/sys/fs/cgroup/netclsd-test").error().code(), ErrorCode::kInvalid);
}

TEST_F(OwnMountTest, WhoMayNotMountIsToldWhatToDo) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const FaultInTest fault(FaultPoint::kHierarchyMount, EPERM);
  const auto hold = hold_mounted(mount_, soon());
  ASSERT_FALSE(hold);
  EXPECT_EQ(hold.error().sys_errno(), EPERM);
  EXPECT_NE(hold.error().message().find("net_cls.keep_mounted"), std::string::npos);
}

}  // namespace
}  // namespace netclsd
