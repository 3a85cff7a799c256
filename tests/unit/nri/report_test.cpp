#include "nri/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netclsd_version.h>

#include <filesystem>

#include "agent/sources/nri_report.h"
#include "common/base/file.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd::nri {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PluginReportTest : public testing::Test {
 protected:
  const TemporaryDirectory directory_;
  const std::string file_ = directory_.path("state/nri.json");
  Report report_{file_, {Pid{42}, StartTime{4711}}, directory_.path("proc")};

  // Of the instance that is not `report_`.
  void set_other_runs(std::uint64_t start_time) {
    directory_.write("proc/43/stat", "43 (netclsd-nri) S 1 43 43 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " +
                                         std::to_string(start_time) + " 0 0\n");
  }
  std::int64_t reported_pid() const {
    const auto read = parse_nri_report(read_file(file_, 65'536).value_or(""));
    return read ? read->plugin.pid.value : 0;
  }
};

TEST_F(PluginReportTest, TheAgentUnderstandsIt) {
  report_.note_connected("containerd v2.1.9", 3);
  report_.note_disconnected("it ended the connection");
  report_.note_connected("containerd v2.2.0", 4);
  report_.note_requests({.start_container = 5, .post_start_container = 6, .synchronize = 7});
  report_.note_start(milliseconds{3}, false);
  report_.note_start(seconds{3}, true);
  const auto read = parse_nri_report(report_.to_json());
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(read->plugin, (ProcessKey{Pid{42}, StartTime{4711}}));
  EXPECT_TRUE(read->is_connected);
  EXPECT_EQ(read->runtime, "containerd v2.2.0");
  EXPECT_EQ(read->program_version, kVersion);
  EXPECT_EQ(read->message, "the runtime had 4 containers");
  EXPECT_EQ(read->requests, (std::array<std::uint64_t, 3>{5, 6, 7}));
  EXPECT_EQ(read->reconnects, 1U);
  EXPECT_EQ(read->timeouts, 1U);
  EXPECT_EQ(read->duration_ns, 3'003'000'000U);
  EXPECT_EQ(read->durations[8], 1U) << "up to 5 ms";
  EXPECT_EQ(read->durations[16], 1U) << "above 1 s";
}

TEST_F(PluginReportTest, ItsBucketsAreThoseOfTheAgentsHistograms) {
  ASSERT_EQ(Report::kBounds_us.size(), LatencyHistogram::kBounds_us.size());
  for (std::size_t i = 0; i < Report::kBounds_us.size(); ++i) {
    EXPECT_EQ(static_cast<double>(Report::kBounds_us[i]), LatencyHistogram::kBounds_us[i]);
  }
}

TEST_F(PluginReportTest, IsWrittenOnceASecondAtMostAndOnlyIfSomethingChanged) {
  const auto is_to_be_written = [&] { return report_.due() <= Report::Clock::now() + Report::kPause; };
  EXPECT_LE(report_.due(), Report::Clock::now());
  ASSERT_TRUE(report_.update().has_value());
  EXPECT_FALSE(is_to_be_written());
  report_.note_requests({});
  EXPECT_FALSE(is_to_be_written());
  report_.note_disconnected("the runtime does not run");
  EXPECT_GT(report_.due(), Report::Clock::now());
  EXPECT_TRUE(is_to_be_written());
  ASSERT_TRUE(report_.update().has_value());
  report_.note_disconnected("the runtime does not run");
  EXPECT_FALSE(is_to_be_written()) << "nothing new";
  EXPECT_EQ(std::filesystem::status(file_).permissions(), std::filesystem::perms(0600));
}

TEST_F(PluginReportTest, ThatCannotBeWrittenIsDueAgain) {
  directory_.write("state", "a file");
  EXPECT_FALSE(report_.update().has_value());
  EXPECT_GT(report_.due(), Report::Clock::now());
  EXPECT_LT(report_.due(), Report::Clock::now() + 2 * Report::kPause);
}

TEST_F(PluginReportTest, WhatAnotherInstanceHasWrittenSinceStays) {
  ASSERT_TRUE(report_.update().has_value());
  Report other(file_, {Pid{43}, StartTime{4712}});
  ASSERT_TRUE(other.update().has_value());
  report_.remove();
  EXPECT_TRUE(std::filesystem::exists(file_));
  other.remove();
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(PluginReportTest, IsWrittenAgainWhenTheInstanceThatHasWrittenItHasEnded) {
  set_other_runs(4712);
  ASSERT_TRUE(report_.update().has_value());
  EXPECT_LE(report_.due(), Report::Clock::now() + Report::kLookPause) << "without any event";
  Report other(file_, {Pid{43}, StartTime{4712}});
  ASSERT_TRUE(other.update().has_value());
  ASSERT_TRUE(report_.update().has_value());
  EXPECT_EQ(reported_pid(), 43) << "it runs";
  other.remove();
  ASSERT_TRUE(report_.update().has_value());
  EXPECT_EQ(reported_pid(), 42) << "the other one has ended";

  Report killed(file_, {Pid{43}, StartTime{4712}});
  ASSERT_TRUE(killed.update().has_value());
  ASSERT_TRUE(report_.update().has_value());
  EXPECT_EQ(reported_pid(), 43);
  set_other_runs(4713);
  ASSERT_TRUE(report_.update().has_value());
  EXPECT_EQ(reported_pid(), 42) << "its number is another process's";
}

TEST_F(PluginReportTest, IsNotWrittenAgainForNothing) {
  ASSERT_TRUE(report_.update().has_value());
  const auto before = std::filesystem::last_write_time(file_);
  ASSERT_TRUE(report_.update().has_value());
  EXPECT_EQ(std::filesystem::last_write_time(file_), before);
}

TEST_F(PluginReportTest, IsGoneAtTheEnd) {
  ASSERT_TRUE(report_.update().has_value());
  report_.remove();
  EXPECT_FALSE(std::filesystem::exists(file_));
  report_.remove();
  Report nowhere("", {});
  EXPECT_EQ(nowhere.due(), std::nullopt);
  nowhere.remove();
}

}  // namespace
}  // namespace netclsd::nri
