#include "agent/logging/repeat_guard.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

using std::chrono::seconds;
constexpr RepeatGuard::Time kStart{seconds{1'000}};

TEST(RepeatGuardTest, TheFirstLineIsLetThroughAndRepeatsAreCountedForAMinute) {
  RepeatGuard guard;
  EXPECT_EQ(guard.admit("move_failed", "ab12", kStart), 0U);
  EXPECT_EQ(guard.admit("move_failed", "ab12", kStart + seconds{1}), std::nullopt);
  EXPECT_EQ(guard.admit("move_failed", "ab12", kStart + seconds{59}), std::nullopt);
  EXPECT_EQ(guard.admit("move_failed", "ab12", kStart + seconds{60}), 2U);
  EXPECT_EQ(guard.admit("move_failed", "ab12", kStart + seconds{61}), std::nullopt);
  EXPECT_EQ(guard.admit("move_failed", "ab12", kStart + seconds{120}), 1U);
}

TEST(RepeatGuardTest, OtherEventsAndOtherKeysAreNoRepeats) {
  RepeatGuard guard;
  EXPECT_EQ(guard.admit("move_failed", "ab12", kStart), 0U);
  EXPECT_EQ(guard.admit("move_failed", "cd34", kStart), 0U);
  EXPECT_EQ(guard.admit("read_failed", "ab12", kStart), 0U);
}

TEST(RepeatGuardTest, SurplusKeysShareOneLineAMinute) {
  RepeatGuard guard({.keys_max = 2});
  EXPECT_EQ(guard.admit("e", "1", kStart), 0U);
  EXPECT_EQ(guard.admit("e", "2", kStart), 0U);
  EXPECT_EQ(guard.admit("e", "3", kStart), 0U);
  EXPECT_EQ(guard.admit("e", "4", kStart), std::nullopt);
  EXPECT_EQ(guard.admit("e", "5", kStart + seconds{1}), std::nullopt);
}

TEST(RepeatGuardTest, KeysSilentForAMinuteMakeRoomForOthers) {
  RepeatGuard guard({.keys_max = 2});
  EXPECT_EQ(guard.admit("e", "1", kStart), 0U);
  EXPECT_EQ(guard.admit("e", "2", kStart), 0U);
  EXPECT_EQ(guard.admit("e", "3", kStart + seconds{61}), 0U);
  EXPECT_EQ(guard.admit("e", "4", kStart + seconds{61}), 0U);
}

}  // namespace
}  // namespace netclsd
