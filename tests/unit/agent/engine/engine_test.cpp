#include "agent/engine/engine.h"

#include <cerrno>

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

class EngineUnitTest : public EngineFixture {
 protected:
  EngineUnitTest() { register_init("c1", init_); }

  [[nodiscard]] std::uint64_t second_looks() { return counters_.sweeps[SweepCause::kStrays].value(); }
  [[nodiscard]] std::uint64_t sweeps(SweepCause cause) { return counters_.sweeps[cause].value(); }
  void pass_and_tick(MonotonicTime time) {
    world_.pass(time);
    engine_->round();
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
  EXPECT_LE(engine_->next_deadline(), world_.monotonic() + SweepDebt::kPauseMin);
  const Pid born_outside = world_.fork(init_);
  world_.move_by_hand(born_outside, "");
  pass_and_tick(SweepDebt::kPauseMin);
  EXPECT_EQ(second_looks(), 1U);
  EXPECT_EQ(group_of(born_outside), "/netclsd/c1");
}

TEST_F(EngineUnitTest, NotAtOnceSinceAProcessThatLeavesAgainAndAgainMustNotKeepUsBusy) {
  sweep_a_stray();
  pass_and_tick(SweepDebt::kPauseMin / 2);
  EXPECT_EQ(second_looks(), 0U);
}

TEST_F(EngineUnitTest, ASweepThatMovedNobodyIsTheLast) {
  sweep_a_stray();
  pass_and_tick(SweepDebt::kPauseMin);
  pass_and_tick(SweepDebt::kPauseMin);
  pass_and_tick(SweepDebt::kWaitMax);
  EXPECT_EQ(second_looks(), 1U);
}

// Start times count from boot with the time that the host was suspended, events' times do not.
TEST_F(EngineUnitTest, WhoIsForkedAfterASuspendIsKnownByItsStartTime) {
  world_.suspend(std::chrono::hours{1});
  const Pid child = world_.fork(init_);
  work();
  world_.move_by_hand(child, "");
  world_.exit(init_);
  engine_->on_exit(init_);
  audit();
  EXPECT_EQ(counters_.containers.value(), 1U) << "its process lives";
  EXPECT_EQ(group_of(child), "/netclsd/c1");
}

// What was forked before it and is read after it has another start time than its event's time and the new offset say.
TEST_F(EngineUnitTest, WhoWasForkedBeforeASuspendIsKnownAfterASweep) {
  const Pid init = make_init("c2", "/");  // no path of its own: only descent tells
  register_init("c2", init);
  const Pid child = world_.fork(init);
  world_.suspend(std::chrono::hours{1});
  ASSERT_TRUE(engine_->sweep(SweepCause::kRequest).has_value());
  work();
  world_.exit(init);
  engine_->on_exit(init);
  engine_->round();
  EXPECT_TRUE(is_kept("c2")) << "its process lives";
  EXPECT_EQ(group_of(child), "/netclsd/c2");
}

TEST_F(EngineUnitTest, WhoWasForkedAfterASuspendIsKnownAfterARegistration) {
  const Pid init = make_init("c2", "/");
  register_init("c2", init);
  world_.suspend(std::chrono::hours{1});
  const Pid child = world_.fork(init);
  register_init("c3", make_init("c3"));
  world_.exit(init);
  engine_->on_exit(init);
  EXPECT_TRUE(is_kept("c2")) << "its process lives";
  EXPECT_EQ(group_of(child), "/netclsd/c2");
}

// Whatever may have happened to the watch: a container must not stay for ever.
TEST_F(EngineUnitTest, AnAuditNoticesAnInitWhoseEndWasNotReported) {
  static_cast<ExitWatch&>(world_).forget(init_);
  world_.exit(init_);
  audit();
  EXPECT_TRUE(world_.kept().empty());
  EXPECT_EQ(counters_.containers.value(), 0U);
}

TEST_F(EngineUnitTest, ASecondLookIsNoOverrun) {
  sweep_a_stray();
  pass_and_tick(SweepDebt::kPauseMin);
  EXPECT_EQ(counters_.overruns.value(), 0U);
  EXPECT_EQ(counters_.events_dropped.value(), 0U);
}

TEST_F(EngineUnitTest, EachSweepIsCountedUnderItsOwnCause) {
  EXPECT_EQ(sweeps(SweepCause::kStartup), 1U);
  world_.drop_next(1);
  static_cast<void>(world_.fork(init_));
  work();
  pass_and_tick(SweepDebt::kWaitMax);
  EXPECT_EQ(sweeps(SweepCause::kOverrun), 1U);
  world_.set_silent(true);
  engine_->on_second();
  EXPECT_EQ(engine_->pulse(), Pulse::kHealed);
  work();
  EXPECT_EQ(sweeps(SweepCause::kSilence), 1U);
  world_.looks_fail_with = EMFILE;
  ASSERT_FALSE(engine_->sweep(SweepCause::kRequest).has_value());
  world_.looks_fail_with = 0;
  pass_and_tick(SweepDebt::kPauseMin);
  EXPECT_EQ(sweeps(SweepCause::kFailed), 1U);
  EXPECT_EQ(sweeps(SweepCause::kRequest), 0U) << "it did not succeed";
  EXPECT_EQ(sweeps(SweepCause::kOverrun), 1U);
}

TEST_F(EngineUnitTest, AFirstSweepThatFailsIsTriedAgainEachSecond) {
  make_engine();
  world_.looks_fail_with = EMFILE;
  engine_->start();
  EXPECT_FALSE(engine_->has_swept());
  world_.looks_fail_with = 0;
  engine_->on_second();
  EXPECT_TRUE(engine_->has_swept());
}

// The gauges of the classes are behind a lock, and as many as there are classes.
TEST_F(EngineUnitTest, TheClassesAreCountedAnewOnlyWhenTheyChange) {
  counters_.classes.set({});
  work();
  EXPECT_TRUE(counters_.classes.rows().empty()) << "nothing has changed";
  register_init("c2", make_init("c2"));
  EXPECT_EQ(counters_.classes.rows().size(), 1U);
}

// gVisor tells its sandbox as the init of all containers of a pod.
class SharedInitTest : public EngineUnitTest {
 protected:
  Result<RegistrationAnswer> ask(const std::string& id, RegistrationSource source,
                                 const std::string& classid = "10:2") {
    RegisterRequest request;
    request.pid = init_;
    request.annotations[kClassIdAnnotation] = classid;
    request.source = source;
    return engine_->register_container(*ContainerId::parse(id), request);
  }
};

TEST_F(SharedInitTest, KeepsTheClassOfTheFirstAndNobodyHasFailed) {
  for (const RegistrationSource source :
       {RegistrationSource::kHook, RegistrationSource::kNri, RegistrationSource::kSpool}) {
    const auto answer = ask("c2", source);
    ASSERT_TRUE(answer.has_value());
    EXPECT_FALSE(answer->view);
    EXPECT_EQ(answer->not_managed_because,
              "pid " + to_string(init_) +
                  " is the init of container c1 already, in class 10:1: one process holds the " +
                  "runtime's containers, and there is nothing more to place");
  }
  EXPECT_EQ(group_of(init_), "/netclsd/c1");
  EXPECT_EQ(world_.class_of("/netclsd/c1"), 0x10'0001U);
  EXPECT_FALSE(is_kept("c2"));
  EXPECT_EQ(counters_.registration_failures[RegistrationFailure::kConflict].value(), 0U);
}

TEST_F(SharedInitTest, IsAConflictForWhoNamesItByHand) {
  const auto answer = ask("c2", RegistrationSource::kApi);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(counters_.registration_failures[RegistrationFailure::kConflict].value(), 1U);
}

TEST_F(SharedInitTest, WhatIsNoClassStaysAnErrorForTheSecondAsWell) {
  EXPECT_EQ(ask("c2", RegistrationSource::kHook, "0").error().code(), ErrorCode::kInvalid);
}

}  // namespace
}  // namespace netclsd
