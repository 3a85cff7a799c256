#include "hook/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::hook {
namespace {

TEST(ReportTest, FailuresGoToStderrAndWithATimeToTheLogFile) {
  const TemporaryDirectory directory;
  testing::internal::CaptureStderr();
  report({.exit_status = 1, .line = "first"}, directory.path("log"));
  report({.exit_status = 1, .line = "second"}, directory.path("log"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "first\nsecond\n");
  EXPECT_THAT(directory.read("log"), testing::MatchesRegex("[-0-9T:.]+Z first\n[-0-9T:.]+Z second\n"));
}

TEST(ReportTest, SuccessIsSilent) {
  const TemporaryDirectory directory;
  testing::internal::CaptureStderr();
  report({}, directory.path("log"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_FALSE(directory.has("log"));
}

TEST(ReportTest, ALogFileThatIsAFifoOrOutOfReachHoldsNothingUp) {
  const TemporaryDirectory directory;
  ASSERT_EQ(::mkfifo(directory.path("fifo").c_str(), 0600), 0);
  testing::internal::CaptureStderr();
  report({.exit_status = 1, .line = "a"}, directory.path("fifo"));
  report({.exit_status = 1, .line = "b"}, directory.path("none/log"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "a\nb\n");
}

}  // namespace
}  // namespace netclsd::hook
