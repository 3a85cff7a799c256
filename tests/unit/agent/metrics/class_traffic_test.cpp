#include "agent/metrics/class_traffic.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

const ClassId kNamed = ClassId::parse("10:1").value();

TEST(ClassTrafficTest, NobodyCountsAtFirst) { EXPECT_TRUE(ClassTraffic().rows({{kNamed, "gold"}}).empty()); }

TEST(ClassTrafficTest, EachClassHasItsNameOrElseItsClassid) {
  ClassTraffic traffic;
  traffic.set(ClassTraffics{{0, {1, 0, 0}}, {kNamed.raw(), {2, 20, 1}}, {kNamed.raw() + 1, {3, 0, 0}}});
  const auto rows = traffic.rows({{kNamed, "gold"}, {ClassId::parse("10:20").value(), "bulk"}});
  const std::map<std::string, Traffic> expected = {
      {"none", {1, 0, 0}}, {"gold", {2, 20, 1}}, {"10:2", {3, 0, 0}}, {"bulk", {}}};
  EXPECT_EQ(rows, expected);
}

// Two names that are equal would be one series twice.
TEST(ClassTrafficTest, ANameThatMeansSomethingElseToUsSharesItsRow) {
  ClassTraffic traffic;
  traffic.set(ClassTraffics{{0, {1, 0, 0}}, {kNamed.raw(), {2, 0, 0}}});
  EXPECT_EQ(traffic.rows({{kNamed, "none"}}), (std::map<std::string, Traffic>{{"none", {3, 0, 0}}}));
}

TEST(ClassTrafficTest, ClassesBeyondTheLimitShareARowAndNoneLosesItsOwn) {
  constexpr auto kMax = static_cast<std::uint32_t>(ClassTraffic::kUnnamedMax);
  ClassTraffics traffics;
  for (std::uint32_t i = 0; i < kMax; ++i) traffics[0x20'0000 + i] = {1, 0, 0};
  ClassTraffic traffic;
  traffic.set(traffics);
  for (std::uint32_t i = 0; i < 10; ++i) traffics[0x10'0001 + i] = {1, 0, 0};
  traffic.set(traffics);
  const auto rows = traffic.rows({{kNamed, "gold"}});
  EXPECT_EQ(rows.size(), kMax + 3);  // none, gold, other
  EXPECT_EQ(rows.at("20:0").packets, 1U);
  EXPECT_EQ(rows.at("other").packets, 9U);
  EXPECT_EQ(rows.at("gold").packets, 1U) << "a configured class has its row whenever it comes";
}

}  // namespace
}  // namespace netclsd
