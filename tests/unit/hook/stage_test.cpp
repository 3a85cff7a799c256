#include "hook/stage.h"

#include <gtest/gtest.h>

namespace netclsd::hook {
namespace {

TEST(StageTest, KnowsTheThreeStages) {
  EXPECT_EQ(parse_stage("prestart"), Stage::kPrestart);
  EXPECT_EQ(parse_stage("createRuntime"), Stage::kCreateRuntime);
  EXPECT_EQ(parse_stage("poststop"), Stage::kPoststop);
  EXPECT_EQ(parse_stage("startContainer"), std::nullopt);
}

TEST(StageTest, WithoutAStageTheStatusDecides) {
  for (const char* status : {"creating", "created", "running"}) {
    EXPECT_EQ(*choose_task(std::nullopt, status), Task::kRegister) << status;
  }
  EXPECT_EQ(*choose_task(std::nullopt, "stopped"), Task::kRelease);
  EXPECT_FALSE(choose_task(std::nullopt, "paused"));
  EXPECT_FALSE(choose_task(std::nullopt, ""));
}

TEST(StageTest, AGivenStageWinsOverTheStatus) {
  EXPECT_EQ(*choose_task(Stage::kPoststop, "creating"), Task::kRelease);
  EXPECT_EQ(*choose_task(Stage::kPrestart, "stopped"), Task::kRegister);
  EXPECT_EQ(*choose_task(Stage::kCreateRuntime, "whatever"), Task::kRegister);
}

}  // namespace
}  // namespace netclsd::hook
