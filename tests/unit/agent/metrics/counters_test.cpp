#include "agent/metrics/counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace netclsd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const ClassId kGold = ClassId::parse("10:1").value();
const ClassId kBulk = ClassId::parse("10:20").value();
const ClassId kUnnamed = ClassId::parse("10:7").value();

ClassId numbered(std::size_t i) { return ClassId::from_raw(static_cast<std::uint32_t>(i + 1)).value(); }

TEST(ClassCountsTest, CountsTheContainersOfEachClass) {
  ClassCounts counts;
  counts.add(kGold);
  counts.add(kGold);
  counts.add(kBulk);
  counts.remove(kGold);
  EXPECT_THAT(counts.by_class(), ElementsAre(testing::Pair(kGold, 1U), testing::Pair(kBulk, 1U)));
}

TEST(ClassCountsTest, AClassWithoutContainersIsGone) {
  ClassCounts counts;
  counts.add(kGold);
  counts.remove(kGold);
  EXPECT_TRUE(counts.by_class().empty());
}

TEST(ClassCountsTest, ClassesBeyondTheLimitShareOneCountThatNeverGoesWrong) {
  ClassCounts counts;
  const std::size_t all = ClassCounts::kClassesMax + 10;
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < all; ++i) counts.add(numbered(i));
  }
  EXPECT_EQ(counts.by_class().size(), ClassCounts::kClassesMax);
  EXPECT_EQ(counts.others(), 20U);
  counts.remove(numbered(0));
  counts.remove(numbered(0));
  counts.add(numbered(all - 1));  // gets the row that is free now, beside those that share
  for (std::size_t i = 1; i < all; ++i) {
    counts.remove(numbered(i));
    counts.remove(numbered(i));
  }
  counts.remove(numbered(all - 1));
  EXPECT_TRUE(counts.by_class().empty());
}

TEST(ClassGaugesTest, ConfiguredClassesAreThereFromTheStart) {
  ClassGauges gauges;
  gauges.set_names({{"gold", kGold}, {"bulk", kBulk}});
  EXPECT_THAT(gauges.rows(), ElementsAre(ClassRow{"gold", "10:1", 0}, ClassRow{"bulk", "10:20", 0}));
}

TEST(ClassGaugesTest, AClassidThatIsNotConfiguredHasNoName) {
  ClassCounts counts;
  counts.add(kUnnamed);
  counts.add(kGold);
  ClassGauges gauges;
  gauges.set_names({{"gold", kGold}});
  gauges.set(counts);
  EXPECT_THAT(gauges.rows(), ElementsAre(ClassRow{"gold", "10:1", 1}, ClassRow{"", "10:7", 1}));
}

TEST(ClassGaugesTest, OfTwoNamesForOneClassidTheFirstIsShown) {
  ClassGauges gauges;
  gauges.set_names({{"gold", kGold}, {"aurum", kGold}});
  EXPECT_THAT(gauges.rows(), ElementsAre(ClassRow{"aurum", "10:1", 0}));
}

TEST(ClassGaugesTest, TheOthersAreOneRow) {
  ClassCounts counts;
  for (std::size_t i = 0; i < ClassCounts::kClassesMax + 3; ++i) counts.add(numbered(i));
  ClassGauges gauges;
  EXPECT_THAT(gauges.rows(), IsEmpty());
  gauges.set(counts);
  EXPECT_EQ(gauges.rows().size(), ClassCounts::kClassesMax + 1);
  EXPECT_EQ(gauges.rows().back(), (ClassRow{"other", "", 3}));
}

std::map<std::string, std::uint64_t> all(const NamedCounts& counts) {
  std::map<std::string, std::uint64_t> found;
  for (std::size_t i = 0; i < counts.size(); ++i) found[counts.name(i)] = counts.value(i);
  return found;
}

using Expected = std::map<std::string, std::uint64_t>;

TEST(NamedCountsTest, EachNameHasItsCount) {
  NamedCounts counts;
  counts.add("0.1.0");
  counts.add("0.2.0");
  counts.add("0.1.0");
  EXPECT_EQ(all(counts), (Expected{{"0.1.0", 2}, {"0.2.0", 1}}));
}

TEST(NamedCountsTest, ZeroShowsAName) {
  NamedCounts counts;
  counts.add("0.1.0", 0);
  EXPECT_EQ(all(counts), (Expected{{"0.1.0", 0}}));
}

TEST(NamedCountsTest, MoreNamesThanThereIsRoomForShareOther) {
  NamedCounts counts;
  for (int i = 0; i < 100; ++i) counts.add("v" + std::to_string(i));
  EXPECT_EQ(counts.size(), NamedCounts::kNamesMax + 1);
  EXPECT_EQ(all(counts).at("other"), 100 - NamedCounts::kNamesMax);
  counts.add("v3");
  EXPECT_EQ(all(counts).at("v3"), 2U);
}

TEST(NamedCountsTest, WhatIsNoLabelIsOther) {
  NamedCounts counts;
  counts.add("");
  counts.add("a\"b");
  counts.add("a\nb");
  counts.add(std::string(33, 'x'));
  counts.add("\xff");
  EXPECT_EQ(all(counts), (Expected{{"other", 5}}));
}

}  // namespace
}  // namespace netclsd
