#include "cli/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

const Check kOk{Verdict::kOk, "a", "fine"};
const Check kWarn{Verdict::kWarn, "bb", "hm"};
const Check kFail{Verdict::kFail, "c", "broken"};

TEST(DoctorTest, TheWorstVerdictIsTheExitStatus) {
  EXPECT_EQ(report_checks({kOk}, OutputFormat::kTable).exit_status, 0);
  EXPECT_EQ(report_checks({kOk, kWarn}, OutputFormat::kTable).exit_status, 3);
  EXPECT_EQ(report_checks({kFail, kWarn}, OutputFormat::kTable).exit_status, 1);
}

TEST(DoctorTest, EachCheckIsALine) {
  EXPECT_EQ(report_checks({kOk, kWarn}, OutputFormat::kTable).text, "ok    a   fine\nwarn  bb  hm\n");
  EXPECT_EQ(report_checks({kOk}, OutputFormat::kJson).text,
            "{\"checks\":[{\"verdict\":\"ok\",\"name\":\"a\",\"text\":\"fine\"}]}\n");
}

TEST(DoctorTest, FactsAreReadBelowTheRoot) {
  const TemporaryDirectory root;
  root.write("proc/cgroups", "controllers");
  root.write("run/netclsd/spool/ab12.json", "{}");
  root.write("run/netclsd/spool/.cd34.json.tmp", "{");
  const HostFacts facts = collect_facts(root.path(), [](const ApiRequest&) {
    return ApiResponse{200, R"({"ready":true})"};
  });
  EXPECT_EQ(facts.controllers, "controllers");
  EXPECT_EQ(facts.connectors, "");
  EXPECT_EQ(facts.spool_entries.value_or(7), 1U);
  EXPECT_EQ(facts.agent_status.value_or(""), R"({"ready":true})");
}

TEST(DoctorTest, NoSpoolMeansNothingWaits) {
  const TemporaryDirectory root;
  const HostFacts facts = collect_facts(root.path(), [](const ApiRequest&) { return ApiResponse{503, "busy"}; });
  EXPECT_EQ(facts.spool_entries.value_or(7), 0U);
  EXPECT_EQ(facts.agent_status.error().message(), "answered 503: busy");
}

}  // namespace
}  // namespace netclsd::cli
