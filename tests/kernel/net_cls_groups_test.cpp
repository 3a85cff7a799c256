#include "agent/host/net_cls_groups.h"

#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "tests/kernel/kernel_fixture.h"

namespace netclsd {
namespace {

using testing::ElementsAre;

class NetClsGroupsTest : public KernelTest {
 protected:
  std::string directory_ = parent_ + "/c1";
};

TEST_F(NetClsGroupsTest, AGroupHoldsItsClassAndItsProcesses) {
  ASSERT_TRUE(groups_->make(directory_).has_value());
  ASSERT_TRUE(groups_->set_classid(directory_, 0xffff'0001).has_value());
  EXPECT_EQ(groups_->classid(directory_).value(), 0xffff'0001);
  const TestProcess process = TestProcess::sleeping();
  EXPECT_EQ(groups_->attach(directory_, process.pid()).value(), AttachOutcome::kAttached);
  EXPECT_THAT(groups_->processes(directory_).value(), ElementsAre(process.pid()));
  EXPECT_EQ(net_cls_path_of(process.pid()), "/" + directory_);
}

TEST_F(NetClsGroupsTest, MakingAGroupTwiceIsFine) {
  ASSERT_TRUE(groups_->make(directory_).has_value());
  ASSERT_TRUE(groups_->set_classid(directory_, 7).has_value());
  ASSERT_TRUE(groups_->make(directory_).has_value());
  EXPECT_EQ(groups_->classid(directory_).value(), 7U);
}

TEST_F(NetClsGroupsTest, AnEndedProcessIsGoneAndNoError) {
  ASSERT_TRUE(groups_->make(directory_).has_value());
  TestProcess process = TestProcess::sleeping();
  const Pid pid = process.pid();
  process.kill_and_reap();
  EXPECT_EQ(groups_->attach(directory_, pid).value(), AttachOutcome::kProcessGone);
}

TEST_F(NetClsGroupsTest, TheWholeThreadGroupMovesEvenIfItsLeaderHasExited) {
  ASSERT_TRUE(groups_->make(directory_).has_value());
  const TestProcess process([] {
    std::thread([] {
      for (;;) ::pause();
    }).detach();
    ::syscall(SYS_exit, 0);  // this thread alone, and without unwinding into the test framework
  });
  ASSERT_TRUE(eventually([&] { return net_cls_path_of(process.pid()) == "/" && procfs_.facts(process.pid()); }));
  EXPECT_EQ(groups_->attach(directory_, process.pid()).value(), AttachOutcome::kAttached);
  EXPECT_TRUE(eventually([&] {
    const auto facts = procfs_.facts(process.pid());
    return facts && *facts->cgroups.net_cls() == "/" + directory_;
  })) << "the leader's own file shows the old path for ever; another thread's tells the truth";
}

TEST_F(NetClsGroupsTest, AFullGroupStaysAndAnEmptyOneGoesWithItsEmptyChildren) {
  ASSERT_TRUE(groups_->make(directory_ + "/below").has_value());
  {
    const TestProcess process = TestProcess::sleeping();
    ASSERT_TRUE(groups_->attach(directory_, process.pid()).has_value());
    EXPECT_EQ(groups_->remove(directory_).value(), RemoveOutcome::kNotEmpty);
  }
  EXPECT_TRUE(eventually([&] { return groups_->remove(directory_).value() == RemoveOutcome::kRemoved; }));
  EXPECT_EQ(groups_->remove(directory_).value(), RemoveOutcome::kRemoved) << "removing again is fine";
  EXPECT_TRUE(groups_->processes(directory_).value().empty());
}

TEST_F(NetClsGroupsTest, AGroupRemovedAndMadeAnewByOthersIsSeen) {
  ASSERT_TRUE(groups_->make(directory_).has_value());
  const std::string path = mount_.mount_point + "/" + directory_;
  ASSERT_EQ(::rmdir(path.c_str()), 0);
  EXPECT_FALSE(groups_->classid(directory_).has_value());
  ASSERT_TRUE(groups_->make(directory_).has_value());
  EXPECT_TRUE(groups_->classid(directory_).has_value());
}

TEST_F(NetClsGroupsTest, ListsGroupsAndNotFiles) {
  ASSERT_TRUE(groups_->make(directory_).has_value());
  EXPECT_THAT(groups_->children(parent_).value(), ElementsAre("c1"));
}

}  // namespace
}  // namespace netclsd
