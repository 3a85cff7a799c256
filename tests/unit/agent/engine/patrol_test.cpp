#include "agent/engine/patrol.h"

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
  for (std::size_t n = 0; n < 3 * Patrol::kContainersPerRound; ++n) {
    const std::string id = "c" + std::to_string(n);
    register_init(id, make_init(id));
  }
  const Pid first = leave_child_with_parents_parent("c0");
  const Pid last = leave_child_with_parents_parent("c95");
  patrol();
  EXPECT_EQ(group_of(first), "/netclsd/c0");
  EXPECT_EQ(group_of(last), "/netclsd/c95");
}

}  // namespace
}  // namespace netclsd
