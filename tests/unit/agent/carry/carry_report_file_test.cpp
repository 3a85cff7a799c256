#include "agent/carry/carry_report_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "agent/host/procfs.h"
#include "common/base/file.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

class CarryReportFileTest : public testing::Test {
 protected:
  void write(const std::string& text) const {
    directory_.write("new", text);
    std::filesystem::permissions(directory_.path("new"), std::filesystem::perms(0600));
    std::filesystem::rename(directory_.path("new"), directory_.path(kCarryReportName));
  }
  static std::string report_by(const ProcessKey& carrier, const std::string& more = "") {
    return R"({"version":1,"pid":)" + to_string(carrier.pid) + R"(,"start_time":)" +
           std::to_string(carrier.start_time.ticks) + R"(,"state":"ok","message":"","kernel":"tcx")" + more + "}";
  }
  ProcessKey self() {
    const Pid pid{::getpid()};
    return {pid, procfs_.start_time(pid).value()};
  }

  TemporaryDirectory directory_;
  UniqueFd opened_ = open_directory(directory_.path()).value();
  Procfs procfs_{open_directory("/proc").value()};
  Counters counters_;
  CarryReportFile file_{opened_, procfs_, counters_};
};

TEST_F(CarryReportFileTest, NoFileIsNoReport) {
  EXPECT_FALSE(file_.look());
  EXPECT_FALSE(file_.now());
  EXPECT_TRUE(file_.containers().empty());
  EXPECT_EQ(counters_.carry_reported.value(), 0U);
}

TEST_F(CarryReportFileTest, ACarrierThatLivesIsBelieved) {
  write(report_by(self(), R"(,"containers":[{"id":"abc","carriers":[]}],"totals":{"attached":3})"));
  EXPECT_TRUE(file_.look());
  EXPECT_FALSE(file_.look()) << "nothing new";
  EXPECT_EQ(file_.now()->state, "ok");
  EXPECT_EQ(file_.containers().size(), 1U);
  EXPECT_EQ(counters_.carriers.value(), 3U);
  std::filesystem::remove(directory_.path(kCarryReportName));
  EXPECT_TRUE(file_.look()) << "it has taken all back";
  EXPECT_FALSE(file_.now());
  EXPECT_TRUE(file_.containers().empty());
  EXPECT_EQ(counters_.carry_reported.value(), 0U);
  EXPECT_FALSE(file_.look());
}

TEST_F(CarryReportFileTest, WhatADeadOneDidLastStaysShown) {
  write(report_by({self().pid, StartTime{1}}, R"(,"containers":[{"id":"abc","carriers":[]}])"));
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, "gone");
  EXPECT_EQ(file_.containers().size(), 1U);
  EXPECT_EQ(counters_.carry_state[CarryState::kGone].value(), 1U);
}

TEST_F(CarryReportFileTest, WhatIsNotToBeUnderstoodIsSaid) {
  write("{");
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, "unreadable");
  EXPECT_TRUE(file_.now()->message.starts_with("carry.json: ")) << file_.now()->message;
  EXPECT_EQ(counters_.carry_state[CarryState::kUnreadable].value(), 1U);
}

// It takes the loop some time. The largest of the other reports, of hook and NRI plugin, is below that.
TEST_F(CarryReportFileTest, ALargeReportIsReadAndTheNextOneLater) {
  const std::string padding = R"(,"padding":")" + std::string(600'000, 'x') + "\"";
  write(report_by(self(), padding + R"(,"totals":{"attached":1})"));
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->carriers, 1U);
  write(report_by(self(), R"(,"totals":{"attached":2})"));
  EXPECT_FALSE(file_.look());
  EXPECT_FALSE(file_.look());
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->carriers, 2U);
}

TEST_F(CarryReportFileTest, ATooLargeOneIsNot) {
  write(report_by(self(), R"(,"padding":")" + std::string(CarryReportFile::kFileMax_bytes, 'x') + "\""));
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, "unreadable");
}

}  // namespace
}  // namespace netclsd
