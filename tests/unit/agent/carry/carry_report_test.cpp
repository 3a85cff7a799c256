#include "agent/carry/carry_report.h"

#include <gtest/gtest.h>

#include <string>

namespace netclsd {
namespace {

constexpr const char* kWeb = "0123456789abcdef";
constexpr const char* kJob = "fedcba9876543210";

// As the carrier writes it. `more`: further members of the whole.
std::string carry_report(const std::string& more, const std::string& state = "ok") {
  return R"({"version":1,"pid":123,"start_time":4567,"written_at":"2026-11-29T01:00:00Z","state":")" + state +
         R"(","message":"m","kernel":"tcx")" + more + "}";
}

std::string container(const std::string& id, const std::string& more) { return R"({"id":")" + id + "\"" + more + "}"; }

CarryReport parsed(const std::string& text) {
  auto report = parse_carry_report(text);
  EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().message());
  return report ? *std::move(report) : CarryReport{};
}

TEST(CarryReportTest, IsReadAsItIsWritten) {
  const CarryReport report = parsed(carry_report(
      R"(,"containers":[)" +
      container(
          kWeb,
          R"(,"carriers":[{"interface":"veth1","ifindex":7,"how":"tcx","xdp":"native","before_us":1,"after_us":2}],)"
          R"("fallback":true,"problem":"")") +
      R"(],"counts":[{"id":")" + kWeb +
      R"(","interface":"veth1","classid":1048577,"packets":5,"bytes":500,"by_fallback":2}],)"
      R"("past":[{"classid":1048577,"packets":10,"bytes":1000,"by_fallback":1}],)"
      R"("totals":{"attached":1,"repairs":2,"differing":3,"uncounted":4,"failures":5})"));
  EXPECT_EQ(report.carrier, (ProcessKey{Pid{123}, StartTime{4567}}));
  EXPECT_EQ(report.state, CarryState::kOk);
  EXPECT_EQ(report.totals, (CarryTotals{1, 2, 3, 4, 5}));
  EXPECT_EQ(report.without_carrier, 0U);
  const CarriedView web = report.containers.at(ContainerId::parse(kWeb).value());
  EXPECT_EQ(web, (CarriedView{{{"veth1", "tcx", 7, "native", 1, 2}}, Traffic{5, 500, 2}, ""}));
  EXPECT_EQ(view_of(report, true), (CarryView{"ok", "m", "tcx", 1, 2, 3, 4}));
}

TEST(CarryReportTest, TheCountsOfContainersThatAreGoneBelongToTheirClass) {
  const CarryReport report = parsed(carry_report(
      R"(,"counts":[{"interface":"a","classid":16,"packets":5,"bytes":500,"by_fallback":2},)"
      R"({"interface":"b","classid":16,"packets":1,"bytes":60,"by_fallback":0},{"interface":"b","classid":0,"packets":7}],)"
      R"("past":[{"classid":16,"packets":10,"bytes":1000,"by_fallback":1},{"classid":32,"packets":3}])"));
  EXPECT_EQ(report.traffics, (ClassTraffics{{0, {7, 0, 0}}, {16, {16, 1560, 3}}, {32, {3, 0, 0}}}));
}

TEST(CarryReportTest, AContainerHasTheSumOfItsInterfacesAndClasses) {
  const std::string id = R"("id":")" + std::string(kWeb) + "\"";
  const CarryReport report = parsed(carry_report(
      R"(,"containers":[)" + container(kWeb, R"(,"carriers":[{"interface":"a","how":"tcx"}])") + "," +
      container(kJob, R"(,"carriers":[])") + R"(],"counts":[{)" + id + R"(,"classid":16,"packets":5,"bytes":50},{)" +
      id + R"(,"classid":0,"packets":2,"bytes":20,"by_fallback":1}])"));
  EXPECT_EQ(report.containers.at(ContainerId::parse(kWeb).value()).sent, (Traffic{7, 70, 1}));
  EXPECT_EQ(report.containers.at(ContainerId::parse(kJob).value()).sent, std::nullopt)
      << "there is nothing that counts";
}

TEST(CarryReportTest, AContainersProblemIsTheWorstThatItHas) {
  const auto of = [](const std::string& more) {
    return parsed(carry_report(R"(,"containers":[)" + container(kWeb, more) + "]")).containers.begin()->second.problem;
  };
  const std::string differs = R"(,"differs":{"classid":1048608,"seconds":90})";
  EXPECT_EQ(of(R"(,"problem":"veth1: no memory","no_fallback":"no cgroup")" + differs), "veth1: no memory");
  EXPECT_EQ(of(R"(,"problem":"","no_fallback":"no cgroup")" + differs), "its sockets have had class 10:20 for 90 s");
  EXPECT_EQ(of(R"(,"problem":"","no_fallback":"no cgroup")"), "no cgroup");
}

TEST(CarryReportTest, ContainersThatDifferAreCounted) {
  const CarryReport report =
      parsed(carry_report(R"(,"containers":[)" + container(kWeb, R"(,"differs":{"classid":16,"seconds":9})") + "," +
                          container(kJob, "") + "]"));
  EXPECT_EQ(report.differing, 1U);
  Counters counters;
  count_carry(report, true, counters);
  EXPECT_EQ(counters.containers_differing.value(), 1U);
}

// An increase of a counter that fell and came back would be counted twice.
TEST(CarryReportTest, AReportThatIsCutLeavesTheCountsOfClassesAsTheyWere) {
  Counters counters;
  count_carry(parsed(carry_report(R"(,"cut":false,"past":[{"classid":16,"packets":10}])")), true, counters);
  count_carry(parsed(carry_report(R"(,"cut":true,"past":[{"classid":16,"packets":3}])")), true, counters);
  EXPECT_EQ(counters.class_traffic.rows({}).at("0:10").packets, 10U);
}

// A container without a cgroup of its own has a problem, too, and is carried all the same.
TEST(CarryReportTest, OnlyAnInterfaceThatCannotBeCarriedIsAMissingCarrier) {
  const std::string carried = R"(,"carriers":[{"interface":"a","how":"tcx"}])";
  const auto without_carrier = [](const std::string& more) {
    return parsed(carry_report(R"(,"containers":[)" + container(kWeb, more) + "]", "degraded")).without_carrier;
  };
  EXPECT_EQ(without_carrier(R"(,"carriers":[],"fallback":true,"problem":"veth1: no memory")"), 1U);
  EXPECT_EQ(without_carrier(carried + R"(,"fallback":true,"problem":"veth2: no memory")"), 1U);
  EXPECT_EQ(without_carrier(carried + R"(,"fallback":false,"no_fallback":"no cgroup of its own")"), 0U);
  EXPECT_EQ(without_carrier(R"(,"carriers":[],"fallback":true,"problem":"")"), 0U);
}

TEST(CarryReportTest, WhatALaterVersionAddsAndAnEarlierOneLacksIsFine) {
  EXPECT_EQ(parsed(carry_report("")).totals, CarryTotals{});
  const CarryReport report = parsed(carry_report(
      R"(,"new":{"a":[{"b":[[[{"c":1}]]]}]},"other":[{"id":7}],"past":[{"classid":1,"deep":[[[[[1]]]]]}])"));
  EXPECT_EQ(report.traffics.size(), 1U);
}

TEST(CarryReportTest, TextsAreMadePrintableAndCut) {
  const CarryReport report =
      parsed(carry_report(R"(,"containers":[)" +
                          container(kWeb, R"(,"problem":")" + std::string(2000, 'x') +
                                              R"(","carriers":[{"interface":"a\u001b[31m","how":"tcx"}])") +
                          "]"));
  const CarriedView& web = report.containers.begin()->second;
  EXPECT_LT(web.problem.size(), 600U);
  EXPECT_EQ(web.carriers.at(0).interface, "a?[31m");
}

TEST(CarryReportTest, ListsHaveALimit) {
  std::string carriers;
  for (int i = 0; i < 100; ++i) carriers += (i == 0 ? "" : ",") + std::string(R"({"interface":"a","how":"tcx"})");
  const CarryReport report =
      parsed(carry_report(R"(,"containers":[)" + container(kWeb, R"(,"carriers":[)" + carriers + "]") + "]"));
  EXPECT_EQ(report.containers.begin()->second.carriers.size(), 64U);
}

TEST(CarryReportTest, OtherTextsAreRefusedByName) {
  struct Case {
    std::string text;
    const char* message;
  };
  for (const auto& [text, message] : {
           Case{"", "the report is empty"},
           Case{"{", "the report is not a JSON object"},
           Case{"[{}]", "the report is not a JSON object"},
           Case{R"({"version":1})", "pid is missing"},
           Case{R"({"version":2,"pid":1,"start_time":1,"state":"ok"})", "version is not 1"},
           Case{R"({"version":1,"pid":0,"start_time":1,"state":"ok"})", "pid is 0"},
           Case{carry_report("", "gone"), R"(state is "gone", which is not known)"},
           Case{carry_report(R"(,"totals":{"repairs":-1})"),
                "totals.repairs is not a whole number from 0 to 18446744073709551615"},
           Case{carry_report(R"(,"counts":[{}])"), "counts: classid is missing"},
           Case{carry_report(R"(,"past":[{"classid":4294967296}])"),
                "past: classid is not a whole number from 0 to 4294967295"},
           Case{carry_report(R"(,"containers":[{"id":"a","problem":7}])"), "containers: problem is not a text"},
       }) {
    const auto report = parse_carry_report(text);
    ASSERT_FALSE(report.has_value()) << text;
    EXPECT_EQ(report.error().message(), message) << text;
  }
  EXPECT_FALSE(parse_carry_report(carry_report(R"(,"containers":[{"id":"../etc"}])")).has_value());
}

TEST(CarryReportTest, OneThatCouldNotStartSaysWhyAlthoughItHasEnded) {
  EXPECT_EQ(view_of(parsed(carry_report("", "failed")), false).state, "failed");
  EXPECT_EQ(view_of(parsed(carry_report("", "failed")), false).message, "m");
  const CarryView gone = view_of(parsed(carry_report("", "degraded")), false);
  EXPECT_EQ(gone.state, "gone");
  EXPECT_EQ(gone.message, "the carrier does not run");
}

// An increase of a counter that fell to 0 and came back would be counted twice.
TEST(CarryReportTest, WhatWasCountedStaysWhileTheCarrierFails) {
  Counters counters;
  const std::string numbers =
      R"(,"past":[{"classid":16,"packets":10}],"totals":{"attached":2,"differing":3,"failures":4})";
  count_carry(parsed(carry_report(numbers)), true, counters);
  count_carry(parsed(carry_report("", "failed")), false, counters);
  EXPECT_EQ(counters.carry_state[CarryState::kFailed].value(), 1U);
  EXPECT_EQ(counters.carry_state[CarryState::kOk].value(), 0U);
  EXPECT_EQ(counters.carriers.value(), 0U);
  EXPECT_EQ(counters.carry_differing_packets.value(), 3U);
  EXPECT_EQ(counters.carry_failures.value(), 4U);
  EXPECT_EQ(counters.class_traffic.rows({}).at("0:10").packets, 10U);
  count_no_carry(true, counters);
  EXPECT_EQ(counters.carry_state[CarryState::kUnreadable].value(), 1U);
  EXPECT_EQ(counters.class_traffic.rows({}).at("0:10").packets, 10U);
  count_no_carry(false, counters);
  EXPECT_EQ(counters.carry_reported.value(), 0U);
  EXPECT_TRUE(counters.class_traffic.rows({}).empty());
}

}  // namespace
}  // namespace netclsd
