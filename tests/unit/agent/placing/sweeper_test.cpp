#include "agent/placing/sweeper.h"

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

// A stranger is put back to where its parent is: a group whose container has no path, or is adopted, is not free.
TEST_F(SweeperTest, AForeignerIsNotMovedIntoAnotherContainersGroup) {
  const Pid b = make_init("b", "/shared");
  world_.process(world_.fork(FakeHost::kInit)).unified = "/shared";
  register_init("b", b, "10:2");
  ASSERT_FALSE(world_.kept().at(*ContainerId::parse("b")).membership);
  const Pid a = make_init("a");
  register_init("a", a, "10:1");
  // Of a container without a class in the pid namespace of b; reparented to b's init.
  const Pid stranger = world_.fork(FakeHost::kInit);
  world_.process(stranger).unified = "/pod/debug";
  world_.process(stranger).pid_namespace = world_.process(b).pid_namespace;
  world_.process(stranger).parent = b;
  world_.move_by_hand(stranger, "netclsd/a");
  ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value());
  EXPECT_EQ(group_of(stranger), "/");
  ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value());
  EXPECT_EQ(engine_->views().explain(stranger)->container, std::nullopt);
}

// `--cgroups=disabled`: init is in the root, and nobody is born to it who is elsewhere.
TEST_F(SweeperTest, AnOrphanOfAContainerWithoutAClassIsNotBornToAnInitInTheRoot) {
  const Pid init = make_init("c1", "/");
  register_init("c1", init);
  const Pid orphan = world_.fork(FakeHost::kInit);
  world_.process(orphan).unified = "/pod/debug";
  world_.process(orphan).pid_namespace = world_.process(init).pid_namespace;
  world_.process(orphan).parent = init;  // it joined init's pid namespace, and its parent has ended
  ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value());
  EXPECT_EQ(group_of(orphan), "/");
}

}  // namespace
}  // namespace netclsd
