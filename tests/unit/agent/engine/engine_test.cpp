#include "agent/engine/engine.h"

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

class EngineUnitTest : public EngineFixture {
 protected:
  EngineUnitTest() { register_init("c1", init_); }

  [[nodiscard]] std::uint64_t second_looks() { return counters_.sweeps[SweepCause::kOverrun].value(); }
  void pass_and_tick(MonotonicTime time) {
    world_.pass(time);
    engine_->tick();
  }
  void sweep_a_stray() {
    world_.move_by_hand(init_, "");
    const auto report = engine_->sweep(SweepCause::kRequest);
    ASSERT_TRUE(report.has_value());
    ASSERT_EQ(report->moved, 1U);
  }

  Pid init_ = make_init("c1");
};

// What a stray forked while it was not known was born outside, and its event told nothing.
TEST_F(EngineUnitTest, ASweepThatMovedAStrayIsFollowedByAnother) {
  sweep_a_stray();
  EXPECT_LE(engine_->next_deadline(), world_.monotonic() + Engine::kSecondLook);
  const Pid born_outside = world_.fork(init_);
  world_.move_by_hand(born_outside, "");
  pass_and_tick(Engine::kSecondLook);
  EXPECT_EQ(second_looks(), 1U);
  EXPECT_EQ(group_of(born_outside), "/netclsd/c1");
}

TEST_F(EngineUnitTest, NotAtOnceSinceAProcessThatLeavesAgainAndAgainMustNotKeepUsBusy) {
  sweep_a_stray();
  pass_and_tick(Engine::kSecondLook / 2);
  EXPECT_EQ(second_looks(), 0U);
}

TEST_F(EngineUnitTest, ASweepThatMovedNobodyIsTheLast) {
  sweep_a_stray();
  pass_and_tick(Engine::kSecondLook);
  pass_and_tick(Engine::kSecondLook);
  pass_and_tick(Engine::kOverrunSweepAfterMax);
  EXPECT_EQ(second_looks(), 1U);
}

TEST_F(EngineUnitTest, ASecondLookIsNoOverrun) {
  sweep_a_stray();
  pass_and_tick(Engine::kSecondLook);
  EXPECT_EQ(counters_.overruns.value(), 0U);
  EXPECT_EQ(counters_.events_dropped.value(), 0U);
}

}  // namespace
}  // namespace netclsd
