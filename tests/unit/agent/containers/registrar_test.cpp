#include "agent/containers/registrar.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <vector>

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

class RegistrarTest : public EngineFixture {
 protected:
  using EngineFixture::EngineFixture;
};

TEST_F(RegistrarTest, ARegistrationThatCannotBeWrittenDownHoldsAndSaysWhy) {
  const Pid init = make_init("c1");
  faults_.arm_failure(FaultPoint::kFileWrite, ENOSPC);
  const auto answer = register_init("c1", init);
  EXPECT_EQ(group_of(init), "/netclsd/c1");
  EXPECT_FALSE(is_kept("c1"));
  EXPECT_NE(answer.not_kept_because.find("No space left"), std::string::npos) << answer.not_kept_because;
  EXPECT_EQ(engine_->not_kept_because(), answer.not_kept_because);
  EXPECT_TRUE(has_reported("registration_not_kept"));
}

TEST_F(RegistrarTest, ItIsWrittenDownLater) {
  faults_.arm_failure(FaultPoint::kFileWrite, ENOSPC);
  register_init("c1", make_init("c1"));
  engine_->on_second();
  EXPECT_TRUE(is_kept("c1"));
  EXPECT_EQ(engine_->not_kept_because(), "");
}

TEST_F(RegistrarTest, TheReasonStaysUntilAllAreWrittenDown) {
  faults_.arm_failure(FaultPoint::kFileWrite, ENOSPC);
  register_init("c1", make_init("c1"));
  EXPECT_NE(register_init("c2", make_init("c2")).not_kept_because, "");
  EXPECT_TRUE(is_kept("c2"));
  faults_.arm_failure(FaultPoint::kFileWrite, ENOSPC);
  engine_->on_second();
  EXPECT_NE(engine_->not_kept_because(), "");
  engine_->on_second();
  EXPECT_EQ(engine_->not_kept_because(), "");
}

TEST_F(RegistrarTest, OneThatIsReleasedBeforeIsNotWrittenDownAnyMore) {
  const Pid init = make_init("c1");
  faults_.arm_failure(FaultPoint::kFileWrite, ENOSPC);
  register_init("c1", init);
  world_.exit(init);
  engine_->on_exit(init);
  engine_->on_second();
  EXPECT_FALSE(is_kept("c1"));
  EXPECT_EQ(engine_->not_kept_because(), "");
}

TEST_F(RegistrarTest, AChangeOfTheClassThatCannotBeWrittenDownIsLater) {
  const Pid init = make_init("c1");
  register_init("c1", init, "10:1");
  faults_.arm_failure(FaultPoint::kFileWrite, EIO);
  EXPECT_NE(register_init("c1", init, "10:2").not_kept_because, "");
  EXPECT_EQ(world_.kept().begin()->second.choice.classid, ClassId::parse("10:1"));
  engine_->on_second();
  EXPECT_EQ(world_.kept().begin()->second.choice.classid, ClassId::parse("10:2"));
}

TEST_F(RegistrarTest, AContainerCountsForTheClassItHasNow) {
  const Pid init = make_init("c1");
  register_init("c1", init, "10:1");
  register_init("c1", init, "10:2");
  EXPECT_EQ(counters_.classes.rows(), (std::vector{ClassRow{"", "10:2", 1}}));
  world_.exit(init);
  engine_->on_exit(init);
  EXPECT_TRUE(counters_.classes.rows().empty());
}

class NotNowTest : public RegistrarTest {
 protected:
  using RegistrarTest::RegistrarTest;
  // std::nullopt: it was registered.
  std::optional<ErrorCode> refuse(const std::string& id, Pid init) {
    RegisterRequest request;
    request.pid = init;
    request.annotations[kClassIdAnnotation] = "10:1";
    const auto answer = engine_->register_container(*ContainerId::parse(id), request);
    return answer ? std::nullopt : std::optional(answer.error().code());
  }
};

TEST_F(NotNowTest, AProcessThatCannotBeReadIsNotGone) {
  const Pid init = make_init("c1");
  world_.looks_fail_with = EMFILE;
  EXPECT_EQ(refuse("c1", init), ErrorCode::kUnavailable);
  world_.looks_fail_with = 0;
  world_.unreadable = {init};
  EXPECT_EQ(refuse("c1", init), ErrorCode::kUnavailable);
  world_.unreadable.clear();
  register_init("c1", init);
  EXPECT_EQ(group_of(init), "/netclsd/c1");
}

TEST_F(NotNowTest, NorIsTheAgentItself) {
  world_.unreadable = {FakeHost::kAgent};
  EXPECT_EQ(refuse("c1", make_init("c1")), ErrorCode::kUnavailable);
}

TEST_F(NotNowTest, AHintWhileNothingCanBeReadEndsNoContainer) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  world_.looks_fail_with = EMFILE;
  EXPECT_TRUE(engine_->release(*ContainerId::parse("c1"), false));
  world_.looks_fail_with = 0;
  world_.move_by_hand(init, "");  // its group is empty: if it had ended, it would be released
  EXPECT_TRUE(engine_->release(*ContainerId::parse("c1"), false));
  EXPECT_TRUE(is_kept("c1"));
}

TEST_F(NotNowTest, APathIsNotAContainersAloneWhileAProcessIsThereThatCannotBeRead) {
  const Pid stranger = world_.fork(FakeHost::kInit);
  world_.unreadable = {stranger};
  register_init("c1", make_init("c1"));
  EXPECT_NE(world_.kept().at(*ContainerId::parse("c1")).membership, std::nullopt) << "it is not there";
  world_.move_to(stranger, "/pod/c2");
  register_init("c2", make_init("c2"));
  EXPECT_EQ(world_.kept().at(*ContainerId::parse("c2")).membership, std::nullopt);
}

class UnseenCgroupsTest : public NotNowTest {
 protected:
  UnseenCgroupsTest() : NotNowTest({.sees_cgroups = false, .pid_max = 4'000}) {}
};

TEST_F(UnseenCgroupsTest, AProcessThatCannotBeReadMayBeAnywhere) {
  world_.unreadable = {world_.fork(FakeHost::kInit)};
  register_init("c1", make_init("c1"));
  EXPECT_EQ(world_.kept().begin()->second.membership, std::nullopt);
}

// The runtime's own group stays: what we wrote there must not.
class AdoptedGroupTest : public RegistrarTest {
 protected:
  AdoptedGroupTest() {
    world_.set_group_by_hand("docker/c1", 0x7'0007);
    world_.move_by_hand(init_, "docker/c1");
  }

  Result<RegistrationAnswer> ask() {
    RegisterRequest request;
    request.pid = init_;
    request.annotations[kClassIdAnnotation] = "10:1";
    return engine_->register_container(*ContainerId::parse("c1"), request);
  }

  Pid init_ = make_init("c1");
};

TEST_F(AdoptedGroupTest, HasItsEarlierClassAgainAfterARegistrationThatFailed) {
  faults_.arm_failure(FaultPoint::kExitWatch, EMFILE);
  ASSERT_FALSE(ask());
  EXPECT_EQ(world_.class_of("/docker/c1"), 0x7'0007U);
  EXPECT_EQ(group_of(init_), "/docker/c1");
  ASSERT_TRUE(ask());
  EXPECT_EQ(world_.class_of("/docker/c1"), 0x10'0001U);
}

TEST_F(AdoptedGroupTest, KeepsWhatSomebodyElseHasWrittenSince) {
  world_.interleave = [this](std::optional<Pid>) {
    if (world_.class_of("/docker/c1") != 0x10'0001U) return;
    world_.set_group_by_hand("docker/c1", 0x8'0008);
    world_.exit(init_);
  };
  ASSERT_FALSE(ask());
  EXPECT_EQ(world_.class_of("/docker/c1"), 0x8'0008U);
}

TEST_F(RegistrarTest, WhereNothingIsMountedNothingIsBegun) {
  const Pid init = make_init("c1");
  world_.unmount();
  RegisterRequest request;
  request.pid = init;
  EXPECT_TRUE(engine_->register_container(*ContainerId::parse("c1"), request).has_value()) << "it needs no class";
  request.annotations[kClassIdAnnotation] = "10:1";
  const auto refused = engine_->register_container(*ContainerId::parse("c1"), request);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kNotMounted);
  EXPECT_FALSE(is_kept("c1"));
  EXPECT_TRUE(world_.problems.empty());
  EXPECT_EQ(counters_.registration_failures[RegistrationFailure::kBusy].value(), 0U) << "it will be asked again";
  world_.is_mounted = true;
  register_init("c1", init);
  EXPECT_EQ(group_of(init), "/netclsd/c1");
}

TEST_F(RegistrarTest, AHierarchyThatGoesWithItsLastContainerIsNoTrouble) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  world_.exit(init);
  world_.unmount();
  audit();
  engine_->on_exit(init);
  EXPECT_TRUE(engine_->views().list_after({}).empty());
  audit();
  start();
  EXPECT_TRUE(world_.problems.empty()) << world_.problems.front();
}

}  // namespace
}  // namespace netclsd
