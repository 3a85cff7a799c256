#include "agent/placing/patrol.h"

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

class PatrolTest : public EngineFixture {
 protected:
  // Twice: who is unknown once may be on the way in.
  void patrol() {
    for (int look = 0; look < 3; ++look) {
      world_.pass(std::chrono::seconds{1});
      work();
    }
  }

  // Of an entrant that is gone before the engine looks.
  [[nodiscard]] Pid leave_child_with_parents_parent(const std::string& id) {
    const Pid entrant = enter(id);
    const Pid child = world_.fork_with_parents_parent(entrant);
    world_.exit(entrant);
    return child;
  }

  // Rounds until there is nothing more to do at once, and in none of them more than its share.
  int count_rounds() {
    int rounds = 0;
    for (bool has_more = true; has_more; ++rounds) {
      const std::size_t seen_before = world_.cgroups_seen();
      has_more = engine_->round(100);
      EXPECT_LE(world_.cgroups_seen() - seen_before, Patrol::kGroupsPerRound);
    }
    return rounds;
  }

  [[nodiscard]] std::uint64_t sweeps() const { return counters_.sweeps[SweepCause::kAudit].value(); }
};

TEST_F(PatrolTest, AChildWhoseEventNamesAStrangerIsFoundWithoutASweep) {
  register_init("c1", make_init("c1"));
  const Pid child = leave_child_with_parents_parent("c1");
  work();
  EXPECT_EQ(group_of(child), "/");
  patrol();
  EXPECT_EQ(group_of(child), "/netclsd/c1");
  EXPECT_EQ(counters_.strays_repaired.value(), 1U);
  EXPECT_EQ(sweeps(), 0U);
}

TEST_F(PatrolTest, AlsoIfTheEntrantLivesAndIsPlaced) {
  register_init("c1", make_init("c1"));
  const Pid entrant = enter("c1");
  const Pid child = world_.fork_with_parents_parent(entrant);
  patrol();
  EXPECT_EQ(group_of(entrant), "/netclsd/c1");
  EXPECT_EQ(group_of(child), "/netclsd/c1");
}

TEST_F(PatrolTest, OneWhoIsOnTheWayInIsLeftToItsOwnEvent) {
  register_init("c1", make_init("c1"));
  static_cast<void>(leave_child_with_parents_parent("c1"));  // somebody to look for
  work();
  world_.pass(Patrol::kPause);
  const Pid entrant = world_.fork(FakeHost::kInit);
  world_.process(entrant).unified = "/pod/c1";
  work();
  EXPECT_EQ(group_of(entrant), "/");
  world_.exec(entrant);
  work();
  EXPECT_EQ(group_of(entrant), "/netclsd/c1");
  EXPECT_EQ(counters_.moves[MoveCause::kExec].value(), 1U);
}

TEST_F(PatrolTest, NobodyIsLookedForWhenNobodyCanHaveBeenOverlooked) {
  register_init("c1", make_init("c1"));
  patrol();
  bool has_looked = false;
  world_.interleave = [&](std::optional<Pid>) { has_looked = true; };
  patrol();
  EXPECT_FALSE(has_looked);
}

TEST_F(PatrolTest, ItIsNotOverWithTheFirstContainers) {
  for (std::size_t n = 0; n < 3 * Patrol::kTargetsPerRound; ++n) {
    const std::string id = "c" + std::to_string(n);
    register_init(id, make_init(id));
  }
  const Pid first = leave_child_with_parents_parent("c0");
  const Pid last = leave_child_with_parents_parent("c95");
  patrol();
  EXPECT_EQ(group_of(first), "/netclsd/c0");
  EXPECT_EQ(group_of(last), "/netclsd/c95");
}

// A container's own root may have any number of cgroups made below its own.
TEST_F(PatrolTest, ManyCgroupsAreLookedIntoAFewInEachRound) {
  register_init("c1", make_init("c1"));
  world_.make_cgroups("/pod/c1", Patrol::kGroupsMax - 1);
  const Pid child = leave_child_with_parents_parent("c1");
  for (int look = 0; look < 3; ++look) {
    world_.pass(std::chrono::seconds{10});
    EXPECT_GE(count_rounds(), static_cast<int>(look < 2 ? Patrol::kGroupsMax / Patrol::kGroupsPerRound : 1));
  }
  EXPECT_EQ(group_of(child), "/netclsd/c1");
}

TEST_F(PatrolTest, OfTooManyCgroupsTheRestIsLeftToTheAuditAndTheOtherContainersAreLookedInto) {
  for (const char* id : {"c1", "c2", "c3"}) register_init(id, make_init(id));
  world_.make_cgroups("/pod/c2", 1'000'000);
  for (const char* id : {"c1", "c2", "c3"}) static_cast<void>(leave_child_with_parents_parent(id));
  for (int look = 0; look < 3; ++look) {
    world_.pass(std::chrono::seconds{10});
    EXPECT_LE(count_rounds(), 2 * static_cast<int>(Patrol::kGroupsMax / Patrol::kGroupsPerRound));
  }
  EXPECT_EQ(world_.count_in("netclsd/c1"), 2U);
  EXPECT_EQ(world_.count_in("netclsd/c2"), 1U);
  EXPECT_EQ(world_.count_in("netclsd/c3"), 2U);
  EXPECT_LE(world_.cgroups_seen(), 3 * (Patrol::kGroupsMax + 2 * Patrol::kGroupsPerRound)) << "not again and again";
  audit();
  EXPECT_EQ(world_.count_in("netclsd/c2"), 2U);
}

TEST_F(PatrolTest, AContainerThatIsReleasedMeanwhileIsLeft) {
  register_init("c1", make_init("c1"));
  const Pid init = make_init("c2");
  register_init("c2", init);
  world_.make_cgroups("/pod/c2", Patrol::kGroupsMax - 1);
  const Pid child = leave_child_with_parents_parent("c1");
  work();
  world_.pass(std::chrono::seconds{10});
  EXPECT_TRUE(engine_->round(100));
  world_.exit(init);
  engine_->on_exit(init);
  ASSERT_EQ(counters_.containers.value(), 1U);
  patrol();
  EXPECT_EQ(group_of(child), "/netclsd/c1");
}

}  // namespace
}  // namespace netclsd
