#include "agent/containers/views.h"

#include <gmock/gmock.h>

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

class ViewsTest : public EngineFixture {
 protected:
  static ContainerId id(const std::string& text) { return *ContainerId::parse(text); }
};

TEST_F(ViewsTest, TheListIsMadeInSlicesInTheOrderOfIds) {
  constexpr std::size_t kContainers = 1'500;  // each look at the world's clock is a microsecond
  for (std::size_t n = 0; n < kContainers; ++n) {
    const std::string name = "c" + std::to_string(n);
    register_late(name, make_init(name));
  }
  std::vector<std::string> seen;
  std::size_t slices = 0;
  for (std::optional<ContainerId> last;; ++slices) {
    const auto slice = engine_->views().list_after(last);
    if (slice.empty()) break;
    EXPECT_LE(slice.size(), 1'000U);
    for (const ContainerView& view : slice) seen.push_back(view.id.text());
    last = slice.back().id;
  }
  EXPECT_EQ(slices, 2U);
  ASSERT_EQ(seen.size(), kContainers);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_F(ViewsTest, OneThatIsReleasedBetweenTwoSlicesEndsNothing) {
  for (const char* name : {"a", "b", "c"}) register_init(name, make_init(name));
  ASSERT_TRUE(engine_->release(id("b"), true).has_value());
  const auto rest = engine_->views().list_after(id("b"));
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest.front().id, id("c"));
}

// A list of thousands must not cost a file each.
TEST_F(ViewsTest, ProcessesAreCountedFromWhatIsKnownWithoutReadingAnything) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  register_init("c2", make_init("c2"));
  const Pid outside = world_.fork(init);
  const Pid ended = world_.fork(init);
  work();
  world_.move_by_hand(outside, "");
  world_.exit(ended);
  world_.member_reads = 0;
  auto views = engine_->views().list_after({});
  EXPECT_EQ(world_.member_reads, 0U);
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[0].processes, 3U);
  EXPECT_EQ(views[1].processes, 1U);
  world_.pass(std::chrono::seconds{1});
  engine_->on_second();
  EXPECT_EQ(engine_->views().list_after({})[0].processes, 2U) << "who has ended is forgotten";
}

TEST_F(ViewsTest, ShowsWhoIsInTheGroupAndWhoShouldBe) {
  const Pid init = make_init("c1");
  register_init("c1", init);
  const Pid child = world_.fork(init);
  const Pid outside = world_.fork(init);
  work();
  world_.move_by_hand(outside, "");
  const auto shown = engine_->views().show(id("c1"));
  ASSERT_TRUE(shown.has_value());
  EXPECT_THAT(shown->second, testing::ElementsAre(init, child, outside));
  world_.exit(child);
  const auto members = engine_->views().members(id("c1"), shown->second);
  ASSERT_EQ(members.size(), 2U);
  EXPECT_TRUE(members.at(0).placed);
  EXPECT_EQ(members.at(1).pid, outside);
  EXPECT_FALSE(members.at(1).placed);
  ASSERT_TRUE(engine_->release(id("c1"), true).has_value());
  EXPECT_TRUE(engine_->views().members(id("c1"), shown->second).empty()) << "released between two slices";
}

}  // namespace
}  // namespace netclsd
