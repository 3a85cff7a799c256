#include "agent/sources/nri_report.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "agent/host/procfs.h"
#include "common/base/file.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

std::string report_of(const ProcessKey& plugin, const std::string& state = "connected",
                      const std::string& more = R"(, "runtime": "containerd 2.1.9")") {
  return R"({"version": 1, "pid": )" + to_string(plugin.pid) + R"(, "start_time": )" +
         std::to_string(plugin.start_time.ticks) + R"(, "state": ")" + state + "\"" + more + "}";
}

constexpr ProcessKey kPlugin{Pid{123}, StartTime{4567}};

TEST(NriReportTest, IsReadAsItIsWritten) {
  const auto report = parse_nri_report(report_of(kPlugin, "connected", R"(, "runtime": "containerd 2.1.9",
      "message": "4 containers", "since": "2026-11-29T01:00:00Z", "program_version": "0.2",
      "requests": {"start_container": 3, "post_start_container": 2, "synchronize": 1}, "reconnects": 4, "timeouts": 5,
      "durations": [0,0,0,0,0,0,0,0,0,1,2,0,0,0,0,0,0], "duration_ns": 30000000)"));
  ASSERT_TRUE(report.has_value()) << report.error().message();
  EXPECT_EQ(report->plugin, kPlugin);
  EXPECT_TRUE(report->is_connected);
  EXPECT_EQ(report->requests, (std::array<std::uint64_t, 3>{3, 2, 1}));
  EXPECT_EQ(report->durations[10], 2U);
  const NriView view = view_of(*report, true);
  EXPECT_EQ(view, (NriView{"connected", "4 containers", "containerd 2.1.9", "2026-11-29T01:00:00Z", "0.2"}));
  EXPECT_EQ(view_of(*report, false).version, "0.2") << "also of one that is gone";
}

TEST(NriReportTest, WhatALaterVersionAddsAndAnEarlierOneLacksIsFine) {
  const auto report = parse_nri_report(report_of(kPlugin, "disconnected", R"(, "new": {"a": [1]})"));
  ASSERT_TRUE(report.has_value()) << report.error().message();
  EXPECT_FALSE(report->is_connected);
  EXPECT_EQ(view_of(*report, true).state, "disconnected");
}

TEST(NriReportTest, OtherTextsAreRefusedByName) {
  struct Case {
    std::string text;
    const char* message;
  };
  for (const auto& [text, message] : {
           Case{"", "the report is empty"},
           Case{R"({"version": 1})", "pid is missing"},
           Case{R"({"version": 2, "pid": 1, "start_time": 1, "state": "connected"})", "version is not 1"},
           Case{R"({"version": 1, "pid": 0, "start_time": 1, "state": "connected"})", "pid is 0"},
           Case{report_of(kPlugin, "fine"), R"(state is "fine", which is not known)"},
           Case{report_of(kPlugin, "connected", R"(, "durations": [1])"),
                "durations is not a list of 17 whole numbers"},
           Case{report_of(kPlugin, "connected", R"(, "durations": [0,0,0,0,0,0,0,0,0,1,2,0,0,0,0,0,-1])"),
                "durations is not a list of 17 whole numbers"},
       }) {
    const auto report = parse_nri_report(text);
    ASSERT_FALSE(report.has_value()) << text;
    EXPECT_EQ(report.error().message(), message) << text;
  }
}

TEST(NriReportTest, TheRuntimeIsKnownByItsFirstWord) {
  const auto served = [](const std::string& runtime) { return served_by(NriReport{.plugin = {}, .runtime = runtime}); };
  EXPECT_EQ(served("containerd v2.1.9"), HookRuntime::kContainerd);
  EXPECT_EQ(served("cri-o 1.36.0"), HookRuntime::kCrio);
  EXPECT_EQ(served("containerdish 1"), std::nullopt);
  EXPECT_EQ(served(""), std::nullopt);
}

class NriReportFileTest : public testing::Test {
 protected:
  void write(const std::string& text) const {
    directory_.write("new", text);
    std::filesystem::permissions(directory_.path("new"), std::filesystem::perms(0600));
    std::filesystem::rename(directory_.path("new"), directory_.path(kNriReportName));
  }
  ProcessKey self() {
    const Pid pid{::getpid()};
    return {pid, procfs_.start_time(pid).value()};
  }

  TemporaryDirectory directory_;
  UniqueFd opened_ = open_directory(directory_.path()).value();
  Procfs procfs_{open_directory("/proc").value()};
  Counters counters_;
  NriReportFile file_{opened_, procfs_, counters_};
};

TEST_F(NriReportFileTest, NoFileIsNoReport) {
  EXPECT_FALSE(file_.look());
  EXPECT_FALSE(file_.now());
  EXPECT_EQ(counters_.nri_reported.value(), 0U);
}

TEST_F(NriReportFileTest, APluginThatLivesIsBelieved) {
  write(report_of(self(), "connected", R"(, "runtime": "containerd 2.1.9", "requests": {"start_container": 3})"));
  EXPECT_TRUE(file_.look());
  EXPECT_FALSE(file_.look()) << "nothing new";
  EXPECT_EQ(file_.serves(), HookRuntime::kContainerd);
  EXPECT_EQ(counters_.nri_connected.value(), 1U);
  EXPECT_EQ(counters_.nri_requests[NriRequest::kStartContainer].value(), 3U);
  std::filesystem::remove(directory_.path(kNriReportName));
  EXPECT_TRUE(file_.look()) << "it has ended in good order";
  EXPECT_EQ(counters_.nri_reported.value(), 0U);
}

TEST_F(NriReportFileTest, ADeadOneIsNot) {
  write(report_of({self().pid, StartTime{1}}));
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, "gone");
  EXPECT_EQ(file_.serves(), std::nullopt);
  EXPECT_EQ(counters_.nri_reported.value(), 1U);
  EXPECT_EQ(counters_.nri_connected.value(), 0U);
}

TEST_F(NriReportFileTest, WhatIsNotToBeUnderstoodIsSaid) {
  write("{");
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, "unreadable");
  EXPECT_TRUE(file_.now()->message.starts_with("nri.json: ")) << file_.now()->message;
}

}  // namespace
}  // namespace netclsd
