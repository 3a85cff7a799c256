#include "agent/placing/snapshot.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cerrno>

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

class NeighbourhoodTest : public EngineFixture {
 protected:
  std::vector<Pid> around(Pid pid) {
    const auto snapshot = take_neighbourhood(world_, world_, *world_.facts(pid));
    std::vector<Pid> pids;
    for (const ProcessFacts& each : snapshot.value().value().processes) pids.push_back(each.pid);
    return pids;
  }
};

TEST_F(NeighbourhoodTest, AndASnapshotFailForWantOfDescriptors) {
  const ProcessFacts init = *world_.facts(world_.fork(FakeHost::kInit));
  world_.looks_fail_with = EMFILE;
  const auto around = take_neighbourhood(world_, world_, init);
  ASSERT_FALSE(around);
  EXPECT_EQ(around.error().code(), ErrorCode::kUnavailable);
  const auto all = take_snapshot(world_);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code(), ErrorCode::kUnavailable);
}

TEST_F(NeighbourhoodTest, OneThatCannotBeReadIsAtThePathThatListsIt) {
  const Pid parent = world_.fork(FakeHost::kInit);
  const Pid init = world_.fork(parent);
  const Pid neighbour = world_.fork(FakeHost::kInit);
  for (const Pid pid : {init, neighbour}) world_.move_to(pid, "/pod/c1");
  world_.unreadable = {parent, neighbour};
  const auto around = take_neighbourhood(world_, world_, *world_.facts(init));
  ASSERT_TRUE(around && *around);
  ASSERT_EQ((*around)->processes.size(), 2U) << "an ancestor is nowhere that matters";
  EXPECT_EQ((*around)->processes[1].pid, neighbour);
  EXPECT_EQ((*around)->processes[1].cgroups, (CgroupPaths{{{"", "/pod/c1"}}}));
}

TEST_F(NeighbourhoodTest, InASnapshotItMayBeAnywhere) {
  const Pid pid = world_.fork(FakeHost::kInit);
  world_.unreadable = {pid};
  const auto snapshot = take_snapshot(world_);
  ASSERT_TRUE(snapshot.has_value());
  const auto found =
      std::find_if(snapshot->begin(), snapshot->end(), [&](const auto& each) { return each.pid == pid; });
  ASSERT_NE(found, snapshot->end());
  EXPECT_EQ(found->cgroups, CgroupPaths{});
}

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
  ASSERT_TRUE(around && *around);
  EXPECT_FALSE((*around)->is_complete);
  EXPECT_FALSE((*around)->paths.find(""));
}

// Of a process that a container's own root asked to have registered: below its cgroup there may be any number.
TEST_F(NeighbourhoodTest, IsUnknownWhereTooManyCgroupsAreBelowThePath) {
  const Pid init = world_.fork(FakeHost::kInit);
  world_.move_to(init, "/pod/c1");
  world_.make_cgroups("/pod/c1", 1'000'000);
  const auto around = take_neighbourhood(world_, world_, *world_.facts(init));
  ASSERT_TRUE(around && *around);
  EXPECT_FALSE((*around)->is_complete);
  EXPECT_LE(world_.cgroups_seen(), 3 * Cgroups::kGroupsAtOnceMax);
  register_init("c1", init);
  EXPECT_EQ(counters_.processes.value(), 1U);
}

// A node's unified hierarchy is mounted, and a v1 hierarchy beside it is not.
TEST_F(NeighbourhoodTest, EndsAtTheFirstPathThatCannotBeLookedInto) {
  const Pid init = world_.fork(FakeHost::kInit);
  world_.move_to(init, "/pod/c1");
  ProcessFacts facts = *world_.facts(init);
  facts.cgroups.entries.insert(facts.cgroups.entries.begin(), CgroupEntry{"memory", "/not/mounted"});
  const auto around = take_neighbourhood(world_, world_, facts);
  ASSERT_TRUE(around && *around);
  EXPECT_FALSE((*around)->is_complete);
  EXPECT_NE((*around)->paths.find(""), nullptr);
  EXPECT_EQ((*around)->paths.find("memory"), nullptr);
}

}  // namespace
}  // namespace netclsd
