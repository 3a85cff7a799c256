#include "agent/engine/snapshot.h"

#include <gmock/gmock.h>

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

class NeighbourhoodTest : public EngineFixture {
 protected:
  std::vector<Pid> around(Pid pid) {
    const auto snapshot = take_neighbourhood(world_, world_, *world_.facts(pid));
    std::vector<Pid> pids;
    for (const ProcessFacts& each : snapshot.value().processes) pids.push_back(each.pid);
    return pids;
  }
};

TEST_F(NeighbourhoodTest, IsWhoSharesAPathAndTheAncestors) {
  const Pid runtime = world_.fork(FakeHost::kInit);
  const Pid init = world_.fork(runtime);
  const Pid stranger = world_.fork(FakeHost::kInit);
  const Pid parent = world_.fork(FakeHost::kInit);
  const Pid neighbour = world_.fork(parent);
  for (const Pid pid : {init, neighbour}) world_.move_to(pid, "/pod/c1");
  EXPECT_THAT(around(init), testing::UnorderedElementsAre(init, runtime, FakeHost::kInit, neighbour, parent));
  EXPECT_THAT(around(init), testing::Not(testing::Contains(stranger)));
}

TEST_F(NeighbourhoodTest, AtTheRootItIsOnlyTheAncestors) {
  const Pid init = world_.fork(FakeHost::kInit);
  EXPECT_THAT(around(init), testing::UnorderedElementsAre(init, FakeHost::kInit));
}

TEST_F(NeighbourhoodTest, IsUnknownWhereTooManyShareThePath) {
  const Pid init = world_.fork(FakeHost::kInit);
  world_.move_to(init, "/pod/c1");
  for (int i = 0; i < 1'000; ++i) world_.move_to(world_.fork(FakeHost::kInit), "/pod/c1");
  const auto around = take_neighbourhood(world_, world_, *world_.facts(init));
  ASSERT_TRUE(around.has_value());
  EXPECT_FALSE(around->is_complete);
  EXPECT_FALSE(around->paths.find(""));
}

// A node's unified hierarchy is mounted, and a v1 hierarchy beside it is not.
TEST_F(NeighbourhoodTest, EndsAtTheFirstPathThatCannotBeLookedInto) {
  const Pid init = world_.fork(FakeHost::kInit);
  world_.move_to(init, "/pod/c1");
  ProcessFacts facts = *world_.facts(init);
  facts.cgroups.entries.insert(facts.cgroups.entries.begin(), CgroupEntry{"memory", "/not/mounted"});
  const auto around = take_neighbourhood(world_, world_, facts);
  ASSERT_TRUE(around.has_value());
  EXPECT_FALSE(around->is_complete);
  EXPECT_NE(around->paths.find(""), nullptr);
  EXPECT_EQ(around->paths.find("memory"), nullptr);
}

}  // namespace
}  // namespace netclsd
