#include "agent/engine/mover.h"

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

TEST_F(MoverTest, AStrangerThatWasHitIsPutBackAtOnce) {
  const Pid entrant = enter("c1");
  before_the_write_of(entrant, [&] { give_number_away(entrant); });
  engine_->work(1);
  EXPECT_EQ(group_of(entrant), "/");
  EXPECT_EQ(counters_.move_failures[MoveFailure::kGone].value(), 1U);
}

TEST_F(MoverTest, AMemberThatWasHitInsteadStays) {
  const Pid entrant = enter("c1");
  before_the_write_of(entrant, [&] {
    give_number_away(entrant);
    world_.process(entrant).unified = "/pod/c1";
  });
  engine_->work(1);
  EXPECT_EQ(group_of(entrant), "/netclsd/c1");
  EXPECT_EQ(world_.moves(), 2U) << "of init and of this one, and none back";
}

TEST_F(MoverTest, AStrangerThatCannotBePutBackIsReportedAndFoundByTheNextSweep) {
  const Pid entrant = enter("c1");
  before_the_write_of(entrant, [&] {
    give_number_away(entrant);
    before_the_write_of(entrant, [&] { faults_.arm_failure(FaultPoint::kCgroupAttach, EACCES); });
  });
  engine_->work(1);
  EXPECT_EQ(group_of(entrant), "/netclsd/c1");
  EXPECT_TRUE(has_reported("put_back_failed"));
  EXPECT_EQ(counters_.move_failures[MoveFailure::kDenied].value(), 1U);
  ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value());
  EXPECT_EQ(group_of(entrant), "/");
}

}  // namespace
}  // namespace netclsd
