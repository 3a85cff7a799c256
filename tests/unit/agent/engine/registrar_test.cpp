#include "agent/engine/registrar.h"

#include <cerrno>

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

class RegistrarTest : public EngineFixture {
 protected:
  [[nodiscard]] bool is_kept(const std::string& id) { return world_.kept().contains(*ContainerId::parse(id)); }
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
  engine_->keep_unkept();
  EXPECT_TRUE(is_kept("c1"));
  EXPECT_EQ(engine_->not_kept_because(), "");
}

TEST_F(RegistrarTest, TheReasonStaysUntilAllAreWrittenDown) {
  faults_.arm_failure(FaultPoint::kFileWrite, ENOSPC);
  register_init("c1", make_init("c1"));
  EXPECT_NE(register_init("c2", make_init("c2")).not_kept_because, "");
  EXPECT_TRUE(is_kept("c2"));
  faults_.arm_failure(FaultPoint::kFileWrite, ENOSPC);
  engine_->keep_unkept();
  EXPECT_NE(engine_->not_kept_because(), "");
  engine_->keep_unkept();
  EXPECT_EQ(engine_->not_kept_because(), "");
}

TEST_F(RegistrarTest, OneThatIsReleasedBeforeIsNotWrittenDownAnyMore) {
  const Pid init = make_init("c1");
  faults_.arm_failure(FaultPoint::kFileWrite, ENOSPC);
  register_init("c1", init);
  world_.exit(init);
  engine_->on_exit(init);
  engine_->keep_unkept();
  EXPECT_FALSE(is_kept("c1"));
  EXPECT_EQ(engine_->not_kept_because(), "");
}

TEST_F(RegistrarTest, AChangeOfTheClassThatCannotBeWrittenDownIsLater) {
  const Pid init = make_init("c1");
  register_init("c1", init, "10:1");
  faults_.arm_failure(FaultPoint::kFileWrite, EIO);
  EXPECT_NE(register_init("c1", init, "10:2").not_kept_because, "");
  EXPECT_EQ(world_.kept().begin()->second.classid, ClassId::parse("10:1"));
  engine_->keep_unkept();
  EXPECT_EQ(world_.kept().begin()->second.classid, ClassId::parse("10:2"));
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

}  // namespace
}  // namespace netclsd
