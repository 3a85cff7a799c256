#include "agent/placing/groups.h"

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

constexpr std::uint32_t kGold = 0x10'0001;

// cgroup v1: the runtime has made a group for init.
class GroupsTest : public EngineFixture {
 protected:
  Pid make_adopted(const std::string& id) {
    world_.make_group_by_hand("runtime/" + id);
    const Pid init = make_init(id);
    world_.move_by_hand(init, "runtime/" + id);
    return init;
  }
  void register_adopted(const std::string& id, Pid init, const std::string& classid = "10:1") {
    ASSERT_TRUE(register_init(id, init, classid).view->adopted);
  }
  void sweep() { ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value()); }
  [[nodiscard]] const Registration& kept(const std::string& id) { return world_.kept().at(*ContainerId::parse(id)); }
};

TEST_F(GroupsTest, AGroupBelowThatWasThereBeforeGetsTheClass) {
  const Pid init = make_adopted("c1");
  world_.make_group_by_hand("runtime/c1/docker/inner");
  register_adopted("c1", init);
  EXPECT_EQ(world_.class_of("/runtime/c1/docker"), kGold);
  EXPECT_EQ(world_.class_of("/runtime/c1/docker/inner"), kGold);
}

TEST_F(GroupsTest, AnAuditWritesOverAClassOfAGroupBelowAndCountsIt) {
  const Pid init = make_adopted("c1");
  register_adopted("c1", init);
  world_.make_group_by_hand("runtime/c1/sub");
  sweep();
  EXPECT_EQ(counters_.groups_repaired.value(), 0U) << "it has copied its parent's";
  world_.set_group_by_hand("runtime/c1/sub", 7);
  sweep();
  EXPECT_EQ(world_.class_of("/runtime/c1/sub"), kGold);
  EXPECT_EQ(counters_.groups_repaired.value(), 1U);
}

// 15 µs each, in thousands of containers.
TEST_F(GroupsTest, AnAuditReadsEachGroupOnce) {
  register_adopted("c1", make_adopted("c1"));
  world_.make_group_by_hand("runtime/c1/sub");
  const std::size_t before = world_.classid_reads;
  sweep();
  EXPECT_EQ(world_.classid_reads - before, 2U);
}

TEST_F(GroupsTest, TheGroupOfAContainerInsideKeepsItsOwnClass) {
  const Pid inner = make_init("c1/inner");
  world_.make_group_by_hand("runtime/c1/inner");
  world_.move_by_hand(inner, "runtime/c1/inner");
  register_adopted("inner", inner, "10:2");
  const Pid outer = make_init("c1");
  world_.move_by_hand(outer, "runtime/c1");
  world_.process(inner).parent = outer;
  register_init("c1", outer);
  sweep();
  EXPECT_EQ(world_.class_of("/runtime/c1/inner"), 0x10'0002U);
}

TEST_F(GroupsTest, ThatOfALiveContainerIsReplacedByOneOfOursWhenItIsGone) {
  const Pid init = make_adopted("c1");
  register_adopted("c1", init);
  world_.remove_group_by_hand("runtime/c1");
  sweep();
  EXPECT_EQ(group_of(init), "/netclsd/c1");
  EXPECT_EQ(world_.class_of("/netclsd/c1"), kGold);
  EXPECT_FALSE(kept("c1").is_adopted);
  EXPECT_EQ(kept("c1").directory, "netclsd/c1");
}

TEST_F(GroupsTest, ThatOfAnEndedContainerIsNot) {
  const Pid init = make_adopted("c1");
  register_adopted("c1", init);
  world_.exit(init);  // nobody has told
  world_.remove_group_by_hand("runtime/c1");
  sweep();
  EXPECT_EQ(world_.class_of("/netclsd/c1"), std::nullopt);
}

TEST_F(GroupsTest, AForcedReleaseLeavesNoClassBehind) {
  const Pid init = make_adopted("c1");
  register_adopted("c1", init);
  world_.make_group_by_hand("runtime/c1/sub");
  world_.make_group_by_hand("runtime/c1/other");
  world_.set_group_by_hand("runtime/c1/other", 7);
  ASSERT_TRUE(engine_->release(*ContainerId::parse("c1"), true));
  EXPECT_EQ(world_.class_of("/runtime/c1"), 0U);
  EXPECT_EQ(world_.class_of("/runtime/c1/sub"), 0U);
  EXPECT_EQ(world_.class_of("/runtime/c1/other"), 7U) << "another's work";
}

TEST_F(GroupsTest, AForcedReleaseTakesProcessesOutOfGroupsBelowToo) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  world_.make_group_by_hand("netclsd/c1/sub");
  world_.move_by_hand(init, "netclsd/c1/sub");
  ASSERT_TRUE(engine_->release(*ContainerId::parse("c1"), true));
  EXPECT_EQ(group_of(init), "/");
  EXPECT_EQ(world_.class_of("/netclsd/c1"), std::nullopt);
}

TEST_F(GroupsTest, AContainerStartedAgainUnderItsIdAndPathHasItsClass) {
  for (int i = 0; i < 3; ++i) {
    const Pid init = make_adopted("c1");
    register_adopted("c1", init);
    EXPECT_EQ(world_.class_of("/runtime/c1"), kGold);
    world_.exit(init);
    world_.remove_group_by_hand("runtime/c1");
    for (const Pid ended : world_.take_exits()) engine_->on_exit(ended);
    EXPECT_FALSE(is_kept("c1"));
  }
}

TEST_F(GroupsTest, WhereAGroupIsFollowsFromItsDirectoryAndNotFromItsProcesses) {
  const Pid init = make_adopted("c1");
  register_adopted("c1", init);
  world_.move_by_hand(init, "");  // while the agent is away
  const Pid stranger = world_.fork(FakeHost::kInit);
  start();
  EXPECT_EQ(group_of(init), "/runtime/c1");
  world_.make_group_by_hand("others");
  world_.move_by_hand(stranger, "others");
  sweep();
  EXPECT_EQ(group_of(stranger), "/others") << "nobody guards the root";
}

TEST_F(GroupsTest, AnInitBelowItsAdoptedGroupIsPlaced) {
  const Pid init = make_adopted("c1");
  register_adopted("c1", init);
  world_.make_group_by_hand("runtime/c1/init.scope");
  world_.move_by_hand(init, "runtime/c1/init.scope");
  start();
  EXPECT_EQ(group_of(init), "/runtime/c1/init.scope");
  EXPECT_EQ(counters_.moves[MoveCause::kSweep].value(), 0U);
}

// A privileged container makes more groups below its own than are looked into.
TEST_F(GroupsTest, ManyGroupsBelowDoNotKeepTheContainersOwnGroupFromBeingRepaired) {
  world_.make_group_by_hand("runtime/c1");
  const Pid init = make_init("c1");
  world_.move_by_hand(init, "runtime/c1");
  register_init("c1", init);
  for (std::size_t i = 0; i <= NetCls::kGroupsBelowMax; ++i) {
    world_.make_group_by_hand("runtime/c1/" + std::to_string(i));
  }
  world_.set_group_by_hand("runtime/c1", 7);
  ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value());
  EXPECT_EQ(world_.class_of("/runtime/c1"), 0x10'0001U);
  const auto released = engine_->release(*ContainerId::parse("c1"), true);
  EXPECT_TRUE(released.has_value()) << released.error().message();
}

// Containers with many groups below theirs share what a sweep may look at, one after the other.
TEST_F(GroupsTest, WhatOneSweepCannotLookAtTheNextOneDoes) {
  constexpr std::size_t kBelow = 900;
  const std::size_t containers = Groups::kGroupsPerSweepMax / kBelow + 2;
  for (std::size_t i = 0; i < containers; ++i) {
    const std::string id = "c" + std::to_string(i);
    register_adopted(id, make_adopted(id));
    for (std::size_t j = 0; j < kBelow; ++j) world_.make_group_by_hand("runtime/" + id + "/" + std::to_string(j));
  }
  for (std::size_t i = 0; i < containers; ++i) world_.set_group_by_hand("runtime/c" + std::to_string(i) + "/7", 7);
  sweep();
  EXPECT_LT(counters_.groups_repaired.value(), containers);
  sweep();
  EXPECT_EQ(counters_.groups_repaired.value(), containers);
}

}  // namespace
}  // namespace netclsd
