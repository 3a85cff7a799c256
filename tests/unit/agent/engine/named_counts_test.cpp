#include "agent/engine/named_counts.h"

#include <gtest/gtest.h>

#include <map>

namespace netclsd {
namespace {

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
