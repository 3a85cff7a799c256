#include "carry/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::carry {
namespace {

using nlohmann::json;

constexpr ProcessKey kSelf{Pid{5}, StartTime{6}};
constexpr std::uint32_t kTenOne = 0x100001;

ContainerId id(const std::string& text) { return *ContainerId::parse(text); }

ReportContent content() {
  return {.state = State::kDegraded,
          .message = "why",
          .has_tcx = true,
          .containers = {{.id = id("a"),
                          .carriers = {{"veth1", 7, {How::kTcx, 1, 2, 3}, Xdp::kNative},
                                       {"veth2", 8, {How::kClsact, 1, std::nullopt}}},
                          .has_fallback = true,
                          .problem = "none",
                          .difference = Difference{*ClassId::from_raw(32), std::chrono::seconds{90}}},
                         {.id = id("b"), .no_fallback = "no cgroup"}},
          .counts = {{id("a"), "veth1", kTenOne, {3, 300, 1}}, {std::nullopt, "veth1", 0, {4, 400, 0}}},
          .past = {{kTenOne, {10, 1000, 2}}},
          .attached = 2,
          .repairs = 1,
          .failures = 9,
          .totals = {.differing = 5, .uncounted = 6}};
}

TEST(ReportTest, SaysEverything) {
  const json expected = json::parse(R"({
    "version": 1, "pid": 5, "start_time": 6, "written_at": "", "state": "degraded", "message": "why", "kernel": "tcx",
    "cut": false,
    "containers": [{"id": "a", "fallback": true, "problem": "none", "no_fallback": "",
                    "differs": {"classid": 32, "seconds": 90}, "carriers": [
      {"interface": "veth1", "ifindex": 7, "how": "tcx", "xdp": "native", "before_us": 2, "after_us": 3},
      {"interface": "veth2", "ifindex": 8, "how": "clsact", "xdp": "none"}]},
      {"id": "b", "fallback": false, "problem": "", "no_fallback": "no cgroup", "carriers": []}],
    "counts": [{"id": "a", "interface": "veth1", "classid": 1048577, "packets": 3, "bytes": 300, "by_fallback": 1},
               {"interface": "veth1", "classid": 0, "packets": 4, "bytes": 400, "by_fallback": 0}],
    "past": [{"classid": 1048577, "packets": 10, "bytes": 1000, "by_fallback": 2}],
    "totals": {"attached": 2, "repairs": 1, "differing": 5, "uncounted": 6, "failures": 9}
  })");
  EXPECT_EQ(json::parse(to_json(content(), kSelf, Report::kFileMax_bytes)), expected);
}

TEST(ReportTest, OneThatCouldNotStartRepeatsWhatTheLastOneSaid) {
  const std::string before = to_json(content(), {Pid{1}, StartTime{2}}, Report::kFileMax_bytes);
  json expected = json::parse(before);
  expected.update({{"pid", 5}, {"start_time", 6}, {"state", "failed"}, {"message", "no rights"}});
  EXPECT_EQ(json::parse(failed_json(before, "no rights", kSelf)), expected);
}

TEST(ReportTest, OneThatCouldNotStartRepeatsNothingElse) {
  for (const char* before : {"", "{", "[]", "{}", R"({"version":2,"totals":{}})", R"({"version":[]})"}) {
    const json said = json::parse(failed_json(before, "no rights", kSelf));
    EXPECT_EQ(said["state"], "failed") << before;
    EXPECT_EQ(said["version"], 1) << before;
    EXPECT_EQ(said["counts"], json::array()) << before;
  }
}

TEST(ReportTest, IsCutToItsLimitAndSaysSo) {
  ReportContent large = content();
  for (int i = 0; i < 1000; ++i) large.counts.push_back({id("b"), "veth", static_cast<std::uint32_t>(i), {}});
  const std::string text = to_json(large, kSelf, 20'000);
  EXPECT_LE(text.size(), 20'000U);
  EXPECT_THAT(json::parse(text)["message"], testing::HasSubstr("why; the lists are cut to "));
  EXPECT_EQ(json::parse(text)["cut"], true);
}

TEST(ReportTest, IsWrittenOnlyIfSomethingHasChanged) {
  const TemporaryDirectory directory;
  const auto opened = open_directory(directory.path());
  Report report(*opened, kSelf);
  const auto now = Report::Clock::now();
  ASSERT_TRUE(report.update(content(), now));
  EXPECT_EQ(report.due(), now + std::chrono::seconds{1});
  const auto text = read_file_at(*opened, kReportName, Report::kFileMax_bytes);
  ASSERT_TRUE(text);
  EXPECT_THAT(json::parse(*text)["written_at"].get<std::string>(), testing::StartsWith("20"));
  ASSERT_TRUE(remove_file_at(*opened, kReportName));
  ASSERT_TRUE(report.update(content(), now));
  EXPECT_FALSE(read_file_at(*opened, kReportName, Report::kFileMax_bytes));
  ASSERT_TRUE(report.update({}, now));
  EXPECT_TRUE(read_file_at(*opened, kReportName, Report::kFileMax_bytes));
}

}  // namespace
}  // namespace netclsd::carry
