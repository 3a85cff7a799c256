#include "agent/engine/sweeper.h"

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

class SweeperTest : public EngineFixture {
 protected:
  void sweep() { ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value()); }

  [[nodiscard]] Pid put_stranger_into(const std::string& directory) {
    const Pid stranger = world_.fork(FakeHost::kInit);
    world_.move_by_hand(stranger, directory);
    return stranger;
  }
};

TEST_F(SweeperTest, AStrangerInAContainersGroupIsMovedOutAndReported) {
  register_init("c1", make_init("c1"));
  const Pid stranger = put_stranger_into("netclsd/c1");
  sweep();
  EXPECT_EQ(group_of(stranger), "/");
  EXPECT_TRUE(has_reported("foreigner_moved_out"));
}

TEST_F(SweeperTest, AMemberThatGotTheStrangersNumberMeanwhileStays) {
  register_init("c1", make_init("c1"));
  const Pid stranger = put_stranger_into("netclsd/c1");
  // One look at each process, and then one at those that are to be moved out.
  world_.interleave = [&, looks = world_.all().size()](std::optional<Pid>) mutable {
    if (looks-- == 0) world_.process(stranger).unified = "/pod/c1";
  };
  sweep();
  EXPECT_EQ(group_of(stranger), "/netclsd/c1");
}

// An orphan's place in the group is all that is known of it.
TEST_F(SweeperTest, NobodyIsMovedOutOfTheGroupOfAContainerThatHasNoPathOfItsOwn) {
  world_.process(world_.fork(FakeHost::kInit)).unified = "/shared";
  register_init("c1", make_init("c1", "/shared"));
  const Pid unknown = put_stranger_into("netclsd/c1");
  sweep();
  EXPECT_EQ(group_of(unknown), "/netclsd/c1");
}

// The runtime puts a process there before it has the container's path.
TEST_F(SweeperTest, NobodyIsMovedOutOfTheRuntimesOwnGroup) {
  world_.set_group_by_hand("runtime/c1", 0);
  const Pid init = make_init("c1");
  world_.move_by_hand(init, "runtime/c1");
  ASSERT_TRUE(register_init("c1", init).view->adopted);
  const Pid unknown = put_stranger_into("runtime/c1");
  sweep();
  EXPECT_EQ(group_of(unknown), "/runtime/c1");
}

}  // namespace
}  // namespace netclsd
