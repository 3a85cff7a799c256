#include "agent/placing/mover.h"

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

// The number changes hands between the last look at a process and the write.
class MoverTest : public EngineFixture {
 protected:
  MoverTest() { register_init("c1", make_init("c1")); }

  void give_number_away(Pid pid) {
    world_.exit(pid);
    world_.reuse(pid);
  }
};

TEST_F(MoverTest, AnEntrantIsPlaced) {
  const Pid entrant = enter("c1");
  work();
  EXPECT_EQ(group_of(entrant), "/netclsd/c1");
  EXPECT_EQ(counters_.moves[MoveCause::kExec].value(), 1U);
}

// It was exec'd into the outer container, has joined the inner one's pid namespace, and its parent has ended.
TEST_F(MoverTest, AnOrphanThatAnInitWasGivenIsWhereItsPathIs) {
  const Pid inner = world_.fork(FakeHost::kInit);
  world_.process(inner).unified = "/pod/c1/inner";
  world_.process(inner).reaper = inner;
  world_.process(inner).pid_namespace = 77;
  register_init("inner", inner, "10:2");
  const Pid orphan = enter("c1");
  world_.process(orphan).parent = inner;
  work();
  EXPECT_EQ(group_of(orphan), "/netclsd/c1");
}

TEST_F(MoverTest, AMemberThatExecsIntoAnotherContainerIsThatOnes) {
  register_init("c2", make_init("c2"), "10:2");
  const Pid runner = enter("c1");
  work();
  const Pid entrant = world_.fork(runner);
  world_.process(entrant).unified = "/pod/c2";
  world_.exec(entrant);
  const Pid child = world_.fork(entrant);
  work();
  EXPECT_EQ(group_of(entrant), "/netclsd/c2");
  EXPECT_EQ(group_of(child), "/netclsd/c2");
  EXPECT_EQ(group_of(runner), "/netclsd/c1");
}

// A fork's event comes before the end of the fork, and to move the child in between crashes the kernel.
class HalfBornTest : public EngineFixture {
 protected:
  HalfBornTest() : EngineFixture({.pid_max = 4'000, .has_favordynmods = true}) {
    engine_->let_children_run_first();
    register_init("c1", init_);
  }
  ~HalfBornTest() override { EXPECT_EQ(world_.kernel_crashes(), 0U); }

  // Of an entrant that is not placed yet: so the child is not born in the group.
  Pid make_child() {
    entrant_ = enter("c1");
    return world_.fork(entrant_);
  }
  void wait_until_due() {
    world_.pass(std::max(engine_->next_deadline() - world_.monotonic(), MonotonicTime{0}));
    work();
  }

  MonotonicTime time_until_placed(Pid child) {
    const MonotonicTime began_at = world_.monotonic();
    for (int i = 0; i < 200 && group_of(child) == "/"; ++i) wait_until_due();
    return world_.monotonic() - began_at;
  }

  Pid init_ = make_init("c1");
  Pid entrant_;
};

TEST_F(HalfBornTest, AChildIsMovedWhenItsForkHasEnded) {
  const Pid child = make_child();
  work();
  EXPECT_EQ(group_of(entrant_), "/netclsd/c1");
  EXPECT_EQ(group_of(child), "/");
  wait_until_due();
  EXPECT_EQ(group_of(child), "/netclsd/c1");
  EXPECT_EQ(counters_.early_moves_forbidden.value(), 1U);
}

TEST_F(HalfBornTest, OrAtItsExec) {
  const Pid child = make_child();
  world_.exec(child);
  work();
  EXPECT_EQ(group_of(child), "/netclsd/c1");
}

TEST_F(HalfBornTest, ASweepThatFindsItMeanwhileWaitsToo) {
  const Pid child = make_child();
  ASSERT_TRUE(engine_->sweep(SweepCause::kRequest).has_value());
  EXPECT_EQ(group_of(entrant_), "/netclsd/c1");
  EXPECT_EQ(group_of(child), "/");
  EXPECT_LT(time_until_placed(child), 2 * Intake::kForkWait);
  EXPECT_EQ(group_of(child), "/netclsd/c1");
}

// Where everybody is in the roots of the hierarchies, nothing tells but its age.
TEST_F(HalfBornTest, InAContainerWithoutAPathItWaitsUntilItIsOldEnough) {
  const Pid init = make_init("c2", "/");
  register_init("c2", init, "10:2");
  world_.drop_next(1);
  world_.exec(FakeHost::kInit);
  engine_->round();  // proves nothing any more
  const Pid child = world_.fork(init);
  world_.move_by_hand(child, "");
  const MonotonicTime time = time_until_placed(child);
  EXPECT_GT(time, std::chrono::milliseconds{950});
  EXPECT_LT(time, std::chrono::milliseconds{1'100});
  EXPECT_EQ(group_of(child), "/netclsd/c2");
}

TEST_F(HalfBornTest, NoContainerIsReleasedWhileSomebodyWaits) {
  const Pid child = make_child();
  work();
  world_.exit(entrant_);
  world_.exit(init_);
  engine_->on_exit(init_);
  EXPECT_TRUE(is_kept("c1"));
  wait_until_due();
  EXPECT_EQ(group_of(child), "/netclsd/c1");
  world_.exit(child);
  wait_until_due();
  EXPECT_FALSE(is_kept("c1"));
}

TEST_F(MoverTest, AStrangerThatWasHitIsPutBackAtOnce) {
  const Pid entrant = enter("c1");
  before_the_write_of(entrant, [&] { give_number_away(entrant); });
  engine_->round(1);
  EXPECT_EQ(group_of(entrant), "/");
  EXPECT_EQ(counters_.move_failures[MoveFailure::kGone].value(), 1U);
}

// A fork inherits its parent's group: what the write took it out of is nearly always that.
class PutBackTest : public MoverTest {
 protected:
  // An entrant is examined; its number goes to a child of a daemon that is in `directory`.
  [[nodiscard]] Pid hit_a_child_of_a_daemon_in(const std::string& directory) {
    const Pid daemon = world_.fork(FakeHost::kInit);
    world_.move_by_hand(daemon, directory);
    work();
    const Pid entrant = enter("c1");
    before_the_write_of(entrant, [this, entrant, daemon] {
      give_number_away(entrant);
      world_.process(entrant).parent = daemon;
      world_.process(entrant).net_cls = world_.process(daemon).net_cls;
    });
    engine_->round(1);
    return entrant;
  }
};

TEST_F(PutBackTest, AStrangerThatWasHitIsPutBackIntoItsParentsGroup) {
  world_.set_group_by_hand("system", 0x7'0007);
  EXPECT_EQ(group_of(hit_a_child_of_a_daemon_in("system")), "/system");
}

TEST_F(PutBackTest, OrTheRootIfThatGroupIsGone) { EXPECT_EQ(group_of(hit_a_child_of_a_daemon_in("gone")), "/"); }

TEST_F(PutBackTest, OrTheRootIfThatGroupIsForAContainersMembersOnly) {
  register_init("c2", make_init("c2"));
  EXPECT_EQ(group_of(hit_a_child_of_a_daemon_in("netclsd/c2")), "/");
}

TEST_F(PutBackTest, SoIsAStrangerThatTheSweepFinds) {
  world_.set_group_by_hand("system", 0x7'0007);
  const Pid daemon = world_.fork(FakeHost::kInit);
  world_.move_by_hand(daemon, "system");
  const Pid child = world_.fork(daemon);
  world_.move_by_hand(child, "netclsd/c1");
  ASSERT_TRUE(engine_->sweep(SweepCause::kAudit));
  EXPECT_EQ(group_of(child), "/system");
}

TEST_F(MoverTest, AMemberThatWasHitInsteadStays) {
  const Pid entrant = enter("c1");
  before_the_write_of(entrant, [&] {
    give_number_away(entrant);
    world_.process(entrant).unified = "/pod/c1";
  });
  engine_->round(1);
  EXPECT_EQ(group_of(entrant), "/netclsd/c1");
  EXPECT_EQ(world_.moves(), 2U) << "of init and of this one, and none back";
}

TEST_F(MoverTest, AStrangerThatCannotBePutBackIsReportedAndFoundByTheNextSweep) {
  const Pid entrant = enter("c1");
  before_the_write_of(entrant, [&] {
    give_number_away(entrant);
    before_the_write_of(entrant, [&] { faults_.arm_failure(FaultPoint::kCgroupAttach, EACCES); });
  });
  engine_->round(1);
  EXPECT_EQ(group_of(entrant), "/netclsd/c1");
  EXPECT_TRUE(has_reported("put_back_failed"));
  EXPECT_EQ(counters_.move_failures[MoveFailure::kDenied].value(), 1U);
  ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value());
  EXPECT_EQ(group_of(entrant), "/");
}

}  // namespace
}  // namespace netclsd
