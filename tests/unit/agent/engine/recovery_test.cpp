#include "agent/engine/recovery.h"

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

class RecoveryTest : public EngineFixture {
 protected:
  [[nodiscard]] bool is_there(const std::string& id) { return world_.groups().contains("netclsd/" + id); }
};

TEST_F(RecoveryTest, AtTheStartAnOrphanedGroupIsRemovedAtOnce) {
  world_.set_group_by_hand("netclsd/left", 0x10'0001);
  start();
  EXPECT_FALSE(is_there("left"));
}

TEST_F(RecoveryTest, WhileTheAgentRunsAnOrphanedGroupIsRemovedWhenItIsSeenTwice) {
  world_.set_group_by_hand("netclsd/left", 0x10'0001);
  audit();
  EXPECT_TRUE(is_there("left")) << "a hook may be just making it";
  audit();
  EXPECT_FALSE(is_there("left"));
}

TEST_F(RecoveryTest, SeenTwiceMeansTwiceInARow) {
  world_.set_group_by_hand("netclsd/left", 0x10'0001);
  audit();
  world_.remove_group_by_hand("netclsd/left");
  audit();
  world_.set_group_by_hand("netclsd/left", 0x10'0001);
  audit();
  EXPECT_TRUE(is_there("left"));
}

}  // namespace
}  // namespace netclsd
