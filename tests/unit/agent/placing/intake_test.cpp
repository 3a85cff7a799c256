#include "agent/placing/intake.h"

#include <gtest/gtest.h>

#include "tests/sim/fake_host.h"
#include "tests/unit/agent/membership/some_target.h"

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

class ListedSource : public EventSource {
 public:
  EventBatch take() override {
    handed_out_ = std::exchange(events, {});
    return {.events = handed_out_, .dropped = 0, .has_more = false};
  }
  Pulse check_pulse() override { return Pulse::kAlive; }
  std::vector<ProcessEvent> events;

 private:
  std::vector<ProcessEvent> handed_out_;
};

// Children of a member that is not placed, on a kernel that crashes when they are moved too soon.
class PutOffTest : public IntakeTest {
 protected:
  PutOffTest() {
    const TargetNumber target = targets_.add(some_target("/pod/c1", "netclsd/c1"));
    tracker_.put(kMember, {target, StartTime{0}, MonotonicTime{0}, kNotPlaced, JoinCause::kRegister});
    listed_.let_children_run_first();
  }
  void happens(const ProcessEvent& event) {
    source_.events = {event};
    listed_.drain();
    listed_.take_up_put_off();
  }
  void is_born() { happens(Forked{.parent = kMember, .child = kChild, .at = world_.monotonic()}); }
  void wait(MonotonicTime time) {
    world_.pass(time);
    listed_.take_up_put_off();
  }

  static constexpr Pid kMember{20};
  static constexpr Pid kChild{21};
  ListedSource source_;
  Intake listed_{source_, world_, world_, tracker_, counters_};
};

TEST_F(PutOffTest, AChildIsExaminedLater) {
  is_born();
  EXPECT_TRUE(listed_.is_idle());
  ASSERT_TRUE(listed_.has_put_off());
  EXPECT_LE(*listed_.next_put_off(), world_.monotonic() + Intake::kForkWait);
  wait(Intake::kForkWait);
  ASSERT_FALSE(listed_.is_idle());
  EXPECT_EQ(listed_.next().pid, kChild);
  EXPECT_FALSE(listed_.has_put_off());
  EXPECT_EQ(counters_.examinations_put_off.value(), 1U);
}

TEST_F(PutOffTest, OrAtItsExecAndThenOnlyOnce) {
  is_born();
  happens(Execed{.pid = kChild, .at = world_.monotonic()});
  ASSERT_FALSE(listed_.is_idle());
  const Examine examine = listed_.next();
  EXPECT_EQ(examine.pid, kChild);
  EXPECT_EQ(examine.cause, JoinCause::kExec);
  wait(Intake::kForkWait);
  EXPECT_TRUE(listed_.is_idle());
}

TEST_F(PutOffTest, TheNumbersNextOwnerWaitsForItself) {
  is_born();
  world_.pass(Intake::kForkWait / 2);
  is_born();
  wait(Intake::kForkWait / 2);
  EXPECT_TRUE(listed_.is_idle()) << "the number is a younger child's";
  wait(Intake::kForkWait / 2);
  ASSERT_FALSE(listed_.is_idle());
  static_cast<void>(listed_.next());
  EXPECT_TRUE(listed_.is_idle());
}

TEST_F(PutOffTest, WhoWaitsAlreadyDoesNotWaitTwice) {
  is_born();
  listed_.put_off({kChild, JoinCause::kSweep, world_.monotonic()});
  wait(2 * Intake::kForkWait);
  ASSERT_FALSE(listed_.is_idle());
  EXPECT_EQ(listed_.next().cause, JoinCause::kSweep) << "a sweep has made the fork's examination outdated";
  EXPECT_TRUE(listed_.is_idle());
}

TEST_F(PutOffTest, WhatMadeASuspectIsRememberedForAsLongAsItsChildWaits) {
  is_born();
  EXPECT_LT(listed_.examined_until(world_.monotonic() + std::chrono::seconds{1}), world_.monotonic());
}

TEST_F(PutOffTest, TooManyAreALossAndASweepIsOwedForIt) {
  for (std::size_t i = 0; i < Intake::kQueueMax; ++i) {
    listed_.put_off({Pid{static_cast<std::int32_t>(10'000 + i)}, JoinCause::kFork, MonotonicTime{1}});
  }
  EXPECT_EQ(listed_.debt().owed(), std::nullopt);
  listed_.put_off({Pid{5}, JoinCause::kFork, MonotonicTime{1}});
  EXPECT_EQ(listed_.debt().owed()->cause, SweepCause::kQueueFull);
}

TEST_F(IntakeTest, OnOtherKernelsNobodyWaits) {
  ListedSource source;
  Intake intake(source, world_, world_, tracker_, counters_);
  const TargetNumber target = targets_.add(some_target("/pod/c1", "netclsd/c1"));
  tracker_.put(Pid{20}, {target, StartTime{0}, MonotonicTime{0}, kNotPlaced, JoinCause::kRegister});
  source.events = {Forked{.parent = Pid{20}, .child = Pid{21}, .at = world_.monotonic()}};
  intake.drain();
  EXPECT_FALSE(intake.is_idle());
  EXPECT_FALSE(intake.has_put_off());
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
