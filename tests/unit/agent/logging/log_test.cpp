#include "agent/logging/log.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

class LogTest : public testing::Test {
 protected:
  void SetUp() override { testing::internal::CaptureStderr(); }
  void TearDown() override { configure_logging(LogLevel::kInfo, LogFormat::kText); }
};

TEST_F(LogTest, EventsBelowTheLevelAreSilent) {
  configure_logging(LogLevel::kWarning, LogFormat::kText);
  log_event(LogLevel::kInfo, "quiet");
  log_event(LogLevel::kWarning, "loud", {{"pid", 1}});
  set_log_level(LogLevel::kDebug);
  log_event(LogLevel::kDebug, "detail");
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_EQ(out.find("quiet"), std::string::npos);
  EXPECT_NE(out.find(" warning loud pid=1\n"), std::string::npos);
  EXPECT_NE(out.find(" debug detail\n"), std::string::npos);
}

TEST_F(LogTest, BracesInAValueAreNoFormatString) {
  configure_logging(LogLevel::kInfo, LogFormat::kJson);
  log_event(LogLevel::kError, "failed", {{"error", "{} {0} %s"}});
  EXPECT_NE(testing::internal::GetCapturedStderr().find(R"("event":"failed","error":"{} {0} %s"})"), std::string::npos);
}

TEST_F(LogTest, NamesOfLevelsAndFormatsCanBeReadBack) {
  testing::internal::GetCapturedStderr();
  for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    EXPECT_EQ(parse_log_level(to_string(level)), level);
  }
  EXPECT_EQ(parse_log_level("INFO"), std::nullopt);
  EXPECT_EQ(parse_log_format("json"), LogFormat::kJson);
  EXPECT_EQ(parse_log_format("xml"), std::nullopt);
}

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
