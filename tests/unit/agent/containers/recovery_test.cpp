#include "agent/containers/recovery.h"

#include <cerrno>

#include "tests/unit/agent/engine/engine_fixture.h"
#include "tests/unit/common/fault_in_test.h"

namespace netclsd {
namespace {

class RecoveryTest : public EngineFixture {
 protected:
  [[nodiscard]] bool is_there(const std::string& id) { return world_.groups().contains("netclsd/" + id); }
};

TEST_F(RecoveryTest, AtTheStartAnOrphanedGroupIsRemovedAtOnce) {
  world_.set_group_by_hand("netclsd/left", 0x10'0001);
  start();
  EXPECT_FALSE(is_there("left"));
}

TEST_F(RecoveryTest, WhileTheAgentRunsAnOrphanedGroupIsRemovedWhenItIsSeenTwice) {
  world_.set_group_by_hand("netclsd/left", 0x10'0001);
  audit();
  EXPECT_TRUE(is_there("left")) << "a hook may be just making it";
  audit();
  EXPECT_FALSE(is_there("left"));
}

TEST_F(RecoveryTest, SeenTwiceMeansTwiceInARow) {
  world_.set_group_by_hand("netclsd/left", 0x10'0001);
  audit();
  world_.remove_group_by_hand("netclsd/left");
  audit();
  world_.set_group_by_hand("netclsd/left", 0x10'0001);
  audit();
  EXPECT_TRUE(is_there("left"));
}

TEST_F(RecoveryTest, ARegistrationThatCannotBeReadAtTheStartIsTakenUpLater) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  faults_.arm_failure(FaultPoint::kFileRead, EMFILE);
  start();
  const Pid entrant = enter("c1");
  work();
  EXPECT_EQ(group_of(entrant), "/") << "nobody knows it";
  EXPECT_NE(engine_->unread_because(), "");
  EXPECT_TRUE(has_reported("state_not_readable c1.json"));
  engine_->on_second();
  EXPECT_EQ(engine_->views().list_after({}).size(), 1U);
  EXPECT_EQ(group_of(entrant), "/netclsd/c1");
  EXPECT_EQ(engine_->unread_because(), "");
  EXPECT_EQ(counters_.registration_failures[RegistrationFailure::kMalformed].value(), 0U);
  EXPECT_EQ(counters_.registration_failures[RegistrationFailure::kSystem].value(), 0U);
}

TEST_F(RecoveryTest, OneWhoseInitCannotBeLookedAtIsNotTakenForEnded) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  world_.unreadable.insert(init);
  start();
  engine_->on_second();
  EXPECT_TRUE(has_reported("init_not_readable c1"));
  EXPECT_EQ(engine_->unread_because(), "") << "a tenant can make its processes unreadable";
  world_.unreadable.clear();
  engine_->on_second();
  ASSERT_EQ(engine_->views().list_after({}).size(), 1U);
  EXPECT_EQ(world_.watched(), 1U);
  world_.exit(init);
  for (const Pid pid : world_.take_exits()) engine_->on_exit(pid);
  EXPECT_TRUE(engine_->views().list_after({}).empty());
}

TEST_F(RecoveryTest, WithoutDescriptorsNoInitIsTakenForEndedAndTheAgentIsNotReady) {
  register_init("c1", make_init("c1"));
  world_.looks_fail_with = EMFILE;
  start();
  EXPECT_NE(engine_->unread_because(), "");
  world_.looks_fail_with = 0;
  engine_->on_second();
  EXPECT_EQ(engine_->unread_because(), "");
  EXPECT_EQ(world_.watched(), 1U);
}

TEST_F(RecoveryTest, AsLongAsOneIsNotReadNoGroupIsOrphaned) {
  register_init("c1", make_init("c1"));
  world_.set_group_by_hand("netclsd/left", 0x10'0001);
  faults_.arm_failure(FaultPoint::kFileRead, EIO);
  start();
  audit();
  audit();
  EXPECT_TRUE(is_there("left"));
  engine_->on_second();
  audit();
  audit();
  EXPECT_FALSE(is_there("left"));
}

TEST_F(RecoveryTest, OneThatIsRegisteredAnewMeanwhileStaysSo) {
  const Pid init = make_init("c1");
  register_init("c1", init, "10:1");
  faults_.arm_failure(FaultPoint::kFileRead, EIO);
  start();
  register_init("c1", init, "10:2");
  engine_->on_second();
  ASSERT_EQ(engine_->views().list_after({}).size(), 1U);
  EXPECT_EQ(engine_->views().list_after({})[0].choice.classid, ClassId::parse("10:2"));
}

TEST_F(RecoveryTest, WhatCannotBeReadForAMinuteIsLeftToTheNextAgent) {
  register_init("c1", make_init("c1"));
  faults_.arm_failure(FaultPoint::kFileRead, EIO);
  start();
  for (int tries = 1; tries < Recovery::kLoadTriesMax; ++tries) {
    EXPECT_NE(engine_->unread_because(), "");
    faults_.arm_failure(FaultPoint::kFileRead, EIO);
    engine_->on_second();
  }
  EXPECT_EQ(engine_->unread_because(), "");
  EXPECT_EQ(counters_.registration_failures[RegistrationFailure::kSystem].value(), 1U);
  engine_->on_second();
  EXPECT_TRUE(engine_->views().list_after({}).empty());
  start();
  EXPECT_EQ(engine_->views().list_after({}).size(), 1U);
}

class UnwatchedTest : public RecoveryTest {
 protected:
  // The init of c1 can neither be placed nor watched when the agent starts.
  void start_twice_hindered() {
    const FaultInTest fault(FaultPoint::kRegisterGroup, EMFILE);
    faults_.arm_failure(FaultPoint::kExitWatch, EMFILE);
    start();
    ASSERT_TRUE(has_reported("recovery_failed c1"));
    ASSERT_EQ(world_.watched(), 0U);
  }

  void pass_second() {
    engine_->on_second();
    for (const Pid pid : world_.take_exits()) engine_->on_exit(pid);
    work();
    world_.pass(std::chrono::seconds{1});
    engine_->round();
  }
};

TEST_F(UnwatchedTest, AnInitThatCouldNotBeWatchedIsWatchedLater) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const Pid init = make_init("c1");
  register_init("c1", init);
  start_twice_hindered();
  faults_.arm_failure(FaultPoint::kExitWatch, ENOMEM);
  pass_second();
  EXPECT_EQ(world_.watched(), 0U);
  pass_second();
  EXPECT_EQ(world_.watched(), 1U);
  world_.exit(init);
  pass_second();
  EXPECT_TRUE(engine_->views().list_after({}).empty());
  EXPECT_TRUE(world_.kept().empty());
}

TEST_F(UnwatchedTest, OneThatHasEndedMeanwhileIsReleased) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const Pid init = make_init("c1");
  register_init("c1", init);
  start_twice_hindered();
  world_.exit(init);
  pass_second();
  EXPECT_TRUE(engine_->views().list_after({}).empty());
}

TEST_F(UnwatchedTest, OneWhoseNumberIsAnotherProcesssByNowIsReleasedToo) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const Pid init = make_init("c1");
  register_init("c1", init);
  start_twice_hindered();
  world_.exit(init);
  world_.reuse(init);
  pass_second();
  EXPECT_TRUE(engine_->views().list_after({}).empty());
}

class SpoolRecoveryTest : public RecoveryTest {
 protected:
  SpoolRecoveryTest() {
    RegisterRequest request;
    request.pid = make_init("c1");
    request.annotations[kClassIdAnnotation] = "10:1";
    world_.leave_in_spool({.id = *ContainerId::parse("c1"), .request = request});
  }

  void look_and_fail_to_read() {
    faults_.arm_failure(FaultPoint::kFileRead, EMFILE);
    engine_->on_second();
    work();
  }

  [[nodiscard]] std::uint64_t failures(RegistrationFailure reason) {
    return counters_.registration_failures[reason].value();
  }
};

TEST_F(SpoolRecoveryTest, AnEntryThatCannotBeReadNowIsTakenUpInTheNextSecond) {
  look_and_fail_to_read();
  EXPECT_EQ(world_.spool().size(), 1U);
  EXPECT_TRUE(has_reported("spool_entry_not_readable"));
  EXPECT_EQ(failures(RegistrationFailure::kSystem) + failures(RegistrationFailure::kMalformed), 0U);
  engine_->on_second();
  work();
  EXPECT_EQ(engine_->views().list_after({}).size(), 1U);
  EXPECT_TRUE(world_.spool().empty());
}

TEST_F(SpoolRecoveryTest, AnEntryWaitsUntilTheHierarchyIsMounted) {
  world_.unmount();
  for (int i = 0; i < 100; ++i) {
    engine_->on_second();
    work();
  }
  EXPECT_EQ(world_.spool().size(), 1U);
  EXPECT_TRUE(has_reported("spool_entry_waits"));
  EXPECT_EQ(failures(RegistrationFailure::kBusy), 0U);
  world_.is_mounted = true;
  engine_->on_second();
  work();
  EXPECT_EQ(engine_->views().list_after({}).size(), 1U);
  EXPECT_TRUE(world_.spool().empty());
}

TEST_F(SpoolRecoveryTest, OneThatCannotBeReadForAMinuteIsSetAside) {
  for (int i = 1; i < 60; ++i) look_and_fail_to_read();
  EXPECT_EQ(world_.spool().size(), 1U);
  look_and_fail_to_read();
  EXPECT_TRUE(world_.spool().empty());
  EXPECT_EQ(failures(RegistrationFailure::kBusy), 1U);
}

TEST_F(SpoolRecoveryTest, AnEntryThatHasLeftTheSpoolAndComesAgainIsTriedAnew) {
  for (int i = 1; i < 60; ++i) look_and_fail_to_read();
  RegisterRequest request = world_.spool().begin()->second.request;
  static_cast<Spool&>(world_).discard("c1.json");
  engine_->on_second();
  work();
  world_.leave_in_spool({.id = *ContainerId::parse("c1"), .request = request});
  look_and_fail_to_read();
  EXPECT_EQ(world_.spool().size(), 1U);
}

// Groups that hooks made for what is no registration, each with a process in it.
TEST_F(RecoveryTest, OfTooManyGroupsThatWaitToBeEmptyTheRestIsLeftToTheAudit) {
  std::vector<Pid> inside;
  for (std::size_t i = 0; i <= Recovery::kLeftoversMax; ++i) {
    const std::string id = "c" + std::to_string(i);
    world_.set_group_by_hand("netclsd/" + id, 1);
    inside.push_back(world_.fork(FakeHost::kInit));
    world_.move_by_hand(inside.back(), "netclsd/" + id);
    RegisterRequest request;
    request.pid = inside.back();
    request.annotations[kClassIdAnnotation] = "no class";
    ASSERT_FALSE(engine_->register_container(*ContainerId::parse(id), request).has_value());
  }
  for (const Pid pid : inside) world_.move_by_hand(pid, "");
  engine_->on_second();
  EXPECT_EQ(static_cast<NetCls&>(world_).children("netclsd")->size(), 1U);
  audit();
  audit();
  EXPECT_TRUE(static_cast<NetCls&>(world_).children("netclsd")->empty());
}

// The inner one has no path of its own: that it is inside of the other tells which of the two claims wins.
TEST_F(RecoveryTest, AnOuterContainerThatIsTakenUpLaterLeavesTheInnerOneItsProcesses) {
  const Pid outer = make_init("a-outer");
  register_init("a-outer", outer, "10:1");
  const Pid inner = world_.fork(outer);
  world_.process(inner).pid_namespace = 1;
  register_init("z-inner", inner, "10:2");
  const Pid child = world_.fork(inner);
  faults_.arm_failure(FaultPoint::kFileRead, EIO);  // of the first one
  start();
  ASSERT_EQ(engine_->views().list_after({}).size(), 1U);
  engine_->on_second();
  EXPECT_EQ(group_of(inner), "/netclsd/z-inner");
  EXPECT_EQ(group_of(child), "/netclsd/z-inner");
  EXPECT_EQ(group_of(outer), "/netclsd/a-outer");
}

}  // namespace
}  // namespace netclsd
