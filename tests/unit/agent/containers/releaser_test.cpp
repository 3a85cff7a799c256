#include "agent/containers/releaser.h"

#include <algorithm>
#include <cerrno>

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

class ReleaserTest : public EngineFixture {
 protected:
  explicit ReleaserTest(FakeHostOptions options = {.pid_max = 4'000}) : EngineFixture(options) {}

  void end(Pid init) {
    world_.exit(init);
    for (const Pid ended : world_.take_exits()) engine_->on_exit(ended);
  }
  // A process that no event told of: it was moved into the container's cgroup, and called no exec.
  Pid bring_in(const std::string& id) {
    const Pid pid = world_.fork(FakeHost::kInit);
    world_.process(pid).unified = "/pod/" + id;
    return pid;
  }
  void pass_and_tick(MonotonicTime time) {
    world_.pass(time);
    engine_->round();
  }
  // How often the loop wakes in a minute because something is due. Processes that keep leaving do so each time.
  int count_wake_ups() {
    const MonotonicTime end = world_.monotonic() + std::chrono::minutes{1};
    for (int wake_ups = 0;; ++wake_ups) {
      const MonotonicTime now = world_.monotonic();
      const MonotonicTime left = std::max(engine_->next_deadline() - now, MonotonicTime{0});
      if (now + left >= end) return wake_ups;
      world_.leave();
      pass_and_tick(left);
    }
  }
};

class BlindReleaserTest : public ReleaserTest {
 protected:
  BlindReleaserTest() : ReleaserTest({.sees_cgroups = false, .pid_max = 4'000}) {}
};

TEST_F(ReleaserTest, AContainerStaysWhileAProcessIsInItsCgroupAndThatOneIsPlaced) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  const Pid survivor = bring_in("c1");
  end(init);
  EXPECT_TRUE(is_kept("c1"));
  EXPECT_EQ(group_of(survivor), "/netclsd/c1");
  EXPECT_EQ(counters_.strays_repaired.value(), 1U);
  world_.exit(survivor);
  pass_and_tick(Engine::kReleaseRetryMax);
  EXPECT_FALSE(is_kept("c1"));
}

TEST_F(BlindReleaserTest, AlsoWhereOnlyProcTellsWhoIsThere) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  const Pid survivor = bring_in("c1");
  end(init);
  EXPECT_TRUE(is_kept("c1"));
  EXPECT_EQ(group_of(survivor), "/netclsd/c1");
}

TEST_F(ReleaserTest, AProcessOfAContainerInsideHoldsItsOwnAlone) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  const Pid inner = world_.fork(init);
  world_.process(inner).reaper = inner;
  world_.process(inner).pid_namespace = 77;
  register_init("inner", inner, "10:2");  // without a path of its own
  world_.process(inner).parent = FakeHost::kInit;
  end(init);
  EXPECT_FALSE(is_kept("c1"));
  EXPECT_TRUE(is_kept("inner"));
}

TEST_F(ReleaserTest, WhoCannotBeReleasedIsLookedAtLessAndLessOften) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  const Pid survivor = enter("c1");
  work();
  end(init);
  int looks = 0;
  for (MonotonicTime passed{0}; passed < std::chrono::seconds{10}; ++looks) {
    const MonotonicTime left = engine_->next_deadline() - world_.monotonic();
    passed += left;
    pass_and_tick(left);
  }
  EXPECT_LE(looks, 20) << "five that double the pause, then one a second";
  EXPECT_TRUE(world_.is_alive(survivor));
  EXPECT_TRUE(is_kept("c1"));
}

// A process of a privileged container leaves its group each time it is brought back.
TEST_F(ReleaserTest, AProcessThatKeepsLeavingHoldsNobodyElseBack) {
  const Pid leaver = make_init("leaver");
  register_init("leaver", leaver);
  world_.process(leaver).keeps_leaving = true;
  const Pid init = make_init("c1");
  register_init("c1", init);
  world_.leave();
  ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value());
  world_.leave();
  end(init);
  EXPECT_FALSE(is_kept("c1"));
}

// Of a second each, and a few for the sweeps that are tried less and less often.
TEST_F(ReleaserTest, AContainerThatCannotBeReleasedWakesTheLoopOnceASecondAlsoWhileSweepsFail) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  const Pid survivor = enter("c1");
  work();
  end(init);
  world_.looks_fail_with = EMFILE;
  ASSERT_FALSE(engine_->sweep(SweepCause::kAudit).has_value());
  EXPECT_LE(count_wake_ups(), 80);
  EXPECT_TRUE(is_kept("c1"));
  world_.looks_fail_with = 0;
  world_.exit(survivor);
  ASSERT_TRUE(engine_->sweep(SweepCause::kRequest).has_value());
  engine_->round();
  EXPECT_FALSE(is_kept("c1")) << "at once when it can be told";
}

TEST_F(ReleaserTest, AlsoWhileAProcessKeepsLeavingItsGroup) {
  const Pid leaver = make_init("leaver");
  register_init("leaver", leaver);
  world_.process(leaver).keeps_leaving = true;
  const Pid init = make_init("c1");
  register_init("c1", init);
  const Pid survivor = enter("c1");
  work();
  end(init);
  world_.leave();
  ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value());
  EXPECT_LE(count_wake_ups(), 80);
  world_.exit(survivor);
  pass_and_tick(Engine::kReleaseRetryMax);
  EXPECT_FALSE(is_kept("c1"));
}

// Our group was removed by hand.
TEST_F(ReleaserTest, AForcedReleaseOfAContainerWhoseGroupIsGoneIsDone) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  world_.move_by_hand(init, "");
  world_.remove_group_by_hand("netclsd/c1");
  const auto released = engine_->release(*ContainerId::parse("c1"), true);
  EXPECT_TRUE(released.has_value()) << released.error().message();
  EXPECT_FALSE(is_kept("c1"));
}

}  // namespace
}  // namespace netclsd
