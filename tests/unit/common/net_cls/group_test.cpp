// On a plain directory, where the kernel makes no control files: what depends on those is in tests/kernel.
#include "common/net_cls/group.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "common/base/file.h"
#include "tests/unit/common/fault_in_test.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

TEST(GroupTest, MakesMissingLevelsAndOpensExistingOnes) {
  const TemporaryDirectory tree;
  const auto root = open_directory(tree.path());
  EXPECT_TRUE(make_group(*root, "netclsd/ab12"));
  EXPECT_TRUE(tree.has("netclsd/ab12"));
  EXPECT_TRUE(make_group(*root, "netclsd/ab12"));
  EXPECT_TRUE(open_group(*root, "netclsd/ab12"));
  EXPECT_TRUE(open_group(*root, ""));
}

TEST(GroupTest, OpeningDoesNotMake) {
  const TemporaryDirectory tree;
  const auto root = open_directory(tree.path());
  EXPECT_EQ(open_group(*root, "netclsd/ab12").error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(tree.has("netclsd"));
}

TEST(GroupTest, SymbolicLinksAreNoGroups) {
  const TemporaryDirectory tree;
  std::filesystem::create_directory_symlink("/tmp", tree.path("link"));
  const auto root = open_directory(tree.path());
  EXPECT_FALSE(open_group(*root, "link"));
}

TEST(GroupTest, ClassidIsWrittenInDecimalAndReadBack) {
  const TemporaryDirectory tree;
  tree.write("net_cls.classid", "");
  const auto group = open_directory(tree.path());
  ASSERT_TRUE(write_classid(*group, 0xffffffff));
  EXPECT_EQ(tree.read("net_cls.classid"), "4294967295");
  EXPECT_EQ(*read_classid(*group), 0xffffffffU);
}

TEST(GroupTest, ClassidOfUnexpectedContentIsAnError) {
  const TemporaryDirectory tree;
  tree.write("net_cls.classid", "4294967296\n");
  EXPECT_FALSE(read_classid(*open_directory(tree.path())));
}

TEST(GroupTest, ProcessesAreListedAndAGroupThatIsGoneHasNone) {
  const TemporaryDirectory tree;
  const auto group = open_directory(tree.path());
  EXPECT_TRUE(processes_in(*group)->empty());
  tree.write("cgroup.procs", "7\n12\n");
  EXPECT_EQ(*processes_in(*group), (std::vector{Pid{7}, Pid{12}}));
}

TEST(GroupTest, AttachingWritesThePid) {
  const TemporaryDirectory tree;
  tree.write("cgroup.procs", "");
  EXPECT_EQ(*attach(*open_directory(tree.path()), Pid{4711}), AttachOutcome::kAttached);
  EXPECT_EQ(tree.read("cgroup.procs"), "4711");
}

TEST(GroupTest, APidThatTheKernelDoesNotKnowIsGoneAndOtherRefusalsAreErrors) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const TemporaryDirectory tree;
  tree.write("cgroup.procs", "");
  const auto group = open_directory(tree.path());
  {
    const FaultInTest fault(FaultPoint::kCgroupAttach, ESRCH);
    EXPECT_EQ(*attach(*group, Pid{4711}), AttachOutcome::kProcessGone);
  }
  for (const int error : {EACCES, ENODEV, EBUSY, ENOSPC}) {
    const FaultInTest fault(FaultPoint::kCgroupAttach, error);
    EXPECT_EQ(attach(*group, Pid{4711}).error().sys_errno(), error);
  }
  EXPECT_EQ(tree.read("cgroup.procs"), "") << "nothing was written";
}

TEST(GroupTest, AGroupInUseIsNotEmptyAndOtherRefusalsAreErrors) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const TemporaryDirectory tree;
  const auto root = open_directory(tree.path());
  ASSERT_TRUE(make_group(*root, "netclsd/ab12"));
  {
    const FaultInTest fault(FaultPoint::kGroupRemove, EPERM);
    EXPECT_EQ(remove_group(*root, "netclsd/ab12").error().sys_errno(), EPERM);
  }
  set_fault_handler([](FaultPoint) { return EBUSY; });
  EXPECT_EQ(*remove_group(*root, "netclsd/ab12"), RemoveOutcome::kNotEmpty);
  set_fault_handler({});
  EXPECT_TRUE(tree.has("netclsd/ab12"));
}

TEST(GroupTest, MakingAndGivingAClassCanFail) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const TemporaryDirectory tree;
  const auto root = open_directory(tree.path());
  {
    const FaultInTest fault(FaultPoint::kGroupMake, ENOSPC);
    EXPECT_EQ(make_group(*root, "netclsd").error().sys_errno(), ENOSPC);
    EXPECT_FALSE(tree.has("netclsd"));
  }
  const FaultInTest fault(FaultPoint::kClassidWrite, EACCES);
  EXPECT_EQ(write_classid(*root, 1).error().sys_errno(), EACCES);
}

TEST(GroupTest, AGroupThatIsGoneCountsAsRemoved) {
  const TemporaryDirectory tree;
  const auto root = open_directory(tree.path());
  ASSERT_TRUE(make_group(*root, "netclsd/ab12"));
  EXPECT_EQ(*remove_group(*root, "netclsd/ab12"), RemoveOutcome::kRemoved);
  EXPECT_EQ(*remove_group(*root, "netclsd/ab12"), RemoveOutcome::kRemoved);
  EXPECT_EQ(*remove_group(*root, "never/was"), RemoveOutcome::kRemoved);
  EXPECT_TRUE(tree.has("netclsd"));
}

}  // namespace
}  // namespace netclsd
