#include "agent/host/mounted_cgroups.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>

#include "common/net_cls/group.h"
#include "tests/kernel/kernel_fixture.h"

namespace netclsd {
namespace {

class MountedCgroupsTest : public KernelTest {
 protected:
  MountedCgroups cgroups() { return MountedCgroups({{"rw,net_cls", mount_.mount_point, mount_.root}}); }
  CgroupEntry entry(const std::string& below) { return {"net_cls", "/" + parent_ + below}; }
};

TEST_F(MountedCgroupsTest, TellsWhoIsAtAPathAndBelowIt) {
  const TestProcess at = TestProcess::sleeping();
  const TestProcess below = TestProcess::sleeping();
  const TestProcess elsewhere = TestProcess::sleeping();
  ASSERT_TRUE(groups_->make(parent_ + "/c1/inner").has_value());
  ASSERT_TRUE(groups_->attach(parent_ + "/c1", at.pid()).has_value());
  ASSERT_TRUE(groups_->attach(parent_ + "/c1/inner", below.pid()).has_value());
  const auto found = cgroups().processes_at(entry("/c1"));
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(*found, testing::UnorderedElementsAre(at.pid(), below.pid()));
}

TEST_F(MountedCgroupsTest, GoesThroughManyCgroupsInParts) {
  const TestProcess deep = TestProcess::sleeping();
  const TestProcess last = TestProcess::sleeping();
  for (std::size_t i = 0; i < Cgroups::kGroupsAtOnceMax; ++i) {
    ASSERT_TRUE(groups_->make(parent_ + "/c1/g" + std::to_string(i)).has_value());
  }
  ASSERT_TRUE(groups_->make(parent_ + "/c1/g0/inner").has_value());
  ASSERT_TRUE(groups_->attach(parent_ + "/c1/g0/inner", deep.pid()).has_value());
  ASSERT_TRUE(groups_->attach(parent_ + "/c1/g127", last.pid()).has_value());
  MountedCgroups mounted = cgroups();
  EXPECT_EQ(mounted.processes_at(entry("/c1")), std::nullopt) << "one and 128 below it, and one below that";
  const auto walk = mounted.walk(entry("/c1"));
  ASSERT_NE(walk, nullptr);
  std::vector<Pid> pids;
  std::size_t groups = 0;
  for (auto progress = CgroupWalk::Progress::kMore; progress == CgroupWalk::Progress::kMore;) {
    std::size_t groups_left = 10;
    progress = walk->go_on(groups_left, pids);
    groups += 10 - groups_left;
    EXPECT_NE(progress, CgroupWalk::Progress::kUntold);
  }
  EXPECT_EQ(groups, Cgroups::kGroupsAtOnceMax + 2);
  EXPECT_THAT(pids, testing::UnorderedElementsAre(deep.pid(), last.pid()));
}

TEST_F(MountedCgroupsTest, WhatIsRemovedDuringAWalkIsNothing) {
  for (const char* name : {"/c1/a", "/c1/b", "/c1/c"}) ASSERT_TRUE(groups_->make(parent_ + name).has_value());
  MountedCgroups mounted = cgroups();
  const auto walk = mounted.walk(entry("/c1"));
  std::vector<Pid> pids;
  std::size_t groups_left = 2;
  ASSERT_EQ(walk->go_on(groups_left, pids), CgroupWalk::Progress::kMore);
  ASSERT_TRUE(groups_->remove(parent_ + "/c1").has_value());
  groups_left = 10;
  EXPECT_EQ(walk->go_on(groups_left, pids), CgroupWalk::Progress::kDone);
  EXPECT_TRUE(pids.empty());
}

TEST_F(MountedCgroupsTest, DoesNotTellOfWhatItCannotSee) {
  EXPECT_EQ(cgroups().processes_at(entry("/not-there")), std::nullopt);
  EXPECT_EQ(cgroups().processes_at({"memory", "/"}), std::nullopt) << "not mounted here";
  EXPECT_EQ(cgroups().processes_at({"net_cls", "/../elsewhere"}), std::nullopt) << "outside of the cgroup namespace";
  EXPECT_EQ(MountedCgroups({{"rw,net_cls", "/proc", "/"}}).processes_at({"net_cls", "/"}), std::nullopt);
}

TEST_F(MountedCgroupsTest, FindsTheMountsOfThisMachine) {
  MountedCgroups cgroups = MountedCgroups::open();
  const auto self = procfs_.cgroups(Pid{::getpid()});
  ASSERT_TRUE(self.has_value());
  bool is_found = false;
  for (const CgroupEntry& own : self->entries) {
    const auto pids = cgroups.processes_at(own);
    is_found |= pids && std::find(pids->begin(), pids->end(), Pid{::getpid()}) != pids->end();
  }
  EXPECT_TRUE(is_found);
}

TEST_F(MountedCgroupsTest, IsGoneOnlyWhatCanBeSeenNotToBeThere) {
  ASSERT_TRUE(groups_->make(parent_ + "/c1").has_value());
  MountedCgroups mounted = cgroups();
  EXPECT_FALSE(mounted.is_gone(entry("/c1")));
  EXPECT_TRUE(mounted.is_gone(entry("/c2")));
  EXPECT_TRUE(mounted.is_gone(entry("/c1/inner")));
  EXPECT_FALSE(mounted.is_gone({"memory", "/" + parent_ + "/c2"})) << "that hierarchy is not mounted here";
  EXPECT_FALSE(mounted.is_gone({"net_cls", "/../elsewhere"})) << "it is out of this namespace's sight";
  ASSERT_TRUE(groups_->remove(parent_ + "/c1").has_value());
  EXPECT_TRUE(mounted.is_gone(entry("/c1"))) << "looked up anew";
}

}  // namespace
}  // namespace netclsd
