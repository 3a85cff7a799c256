#include "cli/doctor/doctor.h"

#include <gtest/gtest.h>

#include <set>

#include "cli/doctor/checks.h"
#include "tests/unit/cli/doctor/answer.h"

namespace netclsd::cli {
namespace {

const Judged kOkCheck{"a", ok("fine")};
const Judged kWarnCheck{"bb", warn("hm", "try")};
const Judged kFailCheck{"c", fail("broken", "repair")};

TEST(DoctorTest, TheWorstStateIsTheExitStatus) {
  EXPECT_EQ(show_findings({kOkCheck}, OutputFormat::kTable).exit_status, 0);
  EXPECT_EQ(show_findings({kOkCheck, kWarnCheck}, OutputFormat::kTable).exit_status, 3);
  EXPECT_EQ(show_findings({kFailCheck, kWarnCheck}, OutputFormat::kTable).exit_status, 1);
}

TEST(DoctorTest, EachCheckIsALineAndOneForHowToMendIt) {
  EXPECT_EQ(show_findings({kOkCheck, kWarnCheck}, OutputFormat::kTable).text,
            "ok    a   fine\nwarn  bb  hm\n          mend: try\n");
}

TEST(DoctorTest, AsJsonItIsAListOfObjectsWithTheSameKeys) {
  EXPECT_EQ(show_findings({kOkCheck, kFailCheck}, OutputFormat::kJson).text,
            R"([{"check":"a","state":"ok","message":"fine","mend":""},)"
            R"({"check":"c","state":"fail","message":"broken","mend":"repair"}])"
            "\n");
  EXPECT_EQ(show_findings({}, OutputFormat::kJson).text, "[]\n");
}

TEST(DoctorTest, EachCheckHasANameOfItsOwnAndRuns) {
  std::set<std::string> names;
  for (const Judged& each : run_checks({})) names.insert(each.check);
  EXPECT_EQ(names.size(), kChecks.size());
}

// Whoever reads it at night wants to know what to do.
TEST(DoctorTest, WhatIsNotInOrderSaysHowToMendIt) {
  for (const HostFacts& facts : {HostFacts{}, without_agent()}) {
    for (const auto& [check, finding] : run_checks(facts)) {
      EXPECT_NE(finding.message, "") << check;
      EXPECT_EQ(finding.mend.empty(), finding.state == State::kOk) << check << ": " << finding.message;
    }
  }
}

}  // namespace
}  // namespace netclsd::cli
