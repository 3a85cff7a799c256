#include "agent/placing/intake.h"

#include <gtest/gtest.h>

#include "tests/sim/fake_host.h"

namespace netclsd {
namespace {

// However much is taken, there is more.
class EndlessSource : public EventSource {
 public:
  EventBatch take() override {
    ++taken;
    return {.events = events_, .dropped = 0, .has_more = true};
  }
  Pulse check_pulse() override { return Pulse::kAlive; }
  std::size_t taken = 0;

 private:
  std::vector<ProcessEvent> events_{Execed{.pid = Pid{5}, .at = MonotonicTime{1}}};
};

class IntakeTest : public testing::Test {
 protected:
  static constexpr Examine kExamine{.pid = Pid{5}, .cause = JoinCause::kExec, .event_at = MonotonicTime{1}};

  Faults faults_;
  Trace trace_;
  FakeHost world_{{}, faults_, trace_};
  EndlessSource endless_;
  Counters counters_;
  Targets targets_{"/"};
  Tracker tracker_{targets_};
  Intake intake_{world_, world_, world_, tracker_, counters_};
};

TEST_F(IntakeTest, EventsThatKeepComingDoNotKeepADrainGoing) {
  Intake intake(endless_, world_, world_, tracker_, counters_);
  intake.drain();
  EXPECT_EQ(endless_.taken, EventSource::kBatchesPerDrainMax);
}

TEST_F(IntakeTest, DrainsOnceBetweenTwoWrites) {
  Intake intake(endless_, world_, world_, tracker_, counters_);
  intake.drain_between_writes();
  EXPECT_EQ(endless_.taken, 0U) << "nothing was written before";
  intake.drain_between_writes();
  EXPECT_EQ(endless_.taken, EventSource::kBatchesPerDrainMax);
  intake.drain();
  intake.drain_between_writes();
  EXPECT_EQ(endless_.taken, 2 * EventSource::kBatchesPerDrainMax) << "the part itself has drained";
}

TEST_F(IntakeTest, AFullQueueIsALossAndASweepIsOwedForIt) {
  for (std::size_t i = 0; i < Intake::kQueueMax; ++i) intake_.enqueue(kExamine);
  EXPECT_EQ(intake_.debt().owed(), std::nullopt);
  intake_.enqueue(kExamine);
  EXPECT_TRUE(intake_.debt().has_loss());
  EXPECT_EQ(intake_.debt().owed()->cause, SweepCause::kQueueFull);
}

TEST_F(IntakeTest, DropsAreCountedAndOwedAsOneOverrun) {
  world_.drop_next(3);
  for (int i = 0; i < 3; ++i) world_.exec(FakeHost::kInit);
  intake_.drain();
  world_.drop_next(1);
  world_.exec(FakeHost::kInit);
  intake_.drain();
  EXPECT_EQ(counters_.events_dropped.value(), 4U);
  EXPECT_EQ(counters_.overruns.value(), 1U);
  EXPECT_EQ(intake_.debt().owed()->cause, SweepCause::kOverrun);
}

}  // namespace
}  // namespace netclsd
