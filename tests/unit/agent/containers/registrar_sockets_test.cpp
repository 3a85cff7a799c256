// Registrar: sockets that had no class when their process was moved.
#include <chrono>
#include <string>

#include "agent/containers/registrar.h"
#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

// A connection that waits to be accepted while its listener is moved has no class until the class is written again.
class AcceptQueueTest : public EngineFixture {
 protected:
  // How often a class was written.
  std::size_t writes_in_a_second_after(MonotonicTime time) {
    const std::size_t before = world_.classid_writes;
    world_.pass(time);
    engine_->on_second();
    work();
    return world_.classid_writes - before;
  }
};

TEST_F(AcceptQueueTest, TheClassIsWrittenAgainWhenThingsAreQuietAndThenNoMore) {
  register_init("c1", make_init("c1"));
  EXPECT_EQ(writes_in_a_second_after(MonotonicTime{0}), 0U);
  EXPECT_EQ(writes_in_a_second_after(Registrar::kTagAgainAfter.front()), 1U);
  EXPECT_EQ(writes_in_a_second_after(Registrar::kTagAgainAfter.back()), 1U);
  EXPECT_EQ(writes_in_a_second_after(std::chrono::minutes{1}), 0U);
  EXPECT_EQ(counters_.sockets_tagged_again.value(), 2U);
}

TEST_F(AcceptQueueTest, NotOfAContainerThatHasNotRunYet) {
  register_by_hook("c1");
  EXPECT_EQ(writes_in_a_second_after(std::chrono::minutes{1}), 0U);
}

TEST_F(AcceptQueueTest, NotOfOneThatHasEnded) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  world_.exit(init);
  engine_->on_exit(init);
  EXPECT_EQ(writes_in_a_second_after(std::chrono::minutes{1}), 0U);
  EXPECT_TRUE(world_.problems.empty());
}

TEST_F(AcceptQueueTest, NotOverWhatSomebodyElseWrote) {
  register_init("c1", make_init("c1"));
  world_.set_group_by_hand("netclsd/c1", 7);
  EXPECT_EQ(writes_in_a_second_after(Registrar::kTagAgainAfter.front()), 0U);
}

TEST_F(AcceptQueueTest, OnlySomeInASecond) {
  for (std::size_t i = 0; i < Registrar::kTagsPerSecond + 3; ++i) {
    const std::string id = "c" + std::to_string(i);
    register_init(id, make_init(id));
  }
  EXPECT_EQ(writes_in_a_second_after(Registrar::kTagAgainAfter.front()), Registrar::kTagsPerSecond);
  EXPECT_EQ(writes_in_a_second_after(std::chrono::seconds{1}), 3U);
}

TEST_F(AcceptQueueTest, NoMoreThanSomeWait) {
  for (std::size_t i = 0; i < Registrar::kTagsWaitingMax + 5; ++i) {
    const std::string id = "c" + std::to_string(i);
    register_late(id, make_init(id));
  }
  world_.pass(SweepDebt::kCalm);
  work();
  std::size_t writes = 0;
  for (int second = 0; second < 100; ++second) writes += writes_in_a_second_after(std::chrono::seconds{1});
  EXPECT_EQ(writes, 2 * Registrar::kTagsWaitingMax);
}

}  // namespace
}  // namespace netclsd
