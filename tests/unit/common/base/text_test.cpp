#include "common/base/text.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

using Parts = std::vector<std::string_view>;

TEST(TextTest, UnsignedNumbersAreAllDigits) {
  EXPECT_EQ(parse_unsigned("0"), 0U);
  EXPECT_EQ(parse_unsigned("18446744073709551615"), ~0ULL);
  EXPECT_EQ(parse_unsigned("ff", 16), 255U);
}

TEST(TextTest, SignsBlanksPrefixesAndOverflowAreNoNumbers) {
  for (const char* text : {"", " 1", "1 ", "+1", "-1", "0x1", "1a", "18446744073709551616"}) {
    EXPECT_EQ(parse_unsigned(text), std::nullopt) << text;
  }
}

TEST(TextTest, SplitKeepsEmptyParts) {
  EXPECT_EQ(split("a::b:", ':'), (Parts{"a", "", "b", ""}));
  EXPECT_EQ(split("", ':'), (Parts{""}));
}

TEST(TextTest, TheLastOfLimitedPartsKeepsTheRest) { EXPECT_EQ(split("0::/a:b", ':', 3), (Parts{"0", "", "/a:b"})); }

TEST(TextTest, WhatOthersWroteIsPrintableAndShort) {
  EXPECT_EQ(printable("a\nb\x1b[31m\xc3\xa4"), "a?b?[31m??");
  EXPECT_EQ(printable(std::string(65, 'a')), std::string(64, 'a') + "…");
  EXPECT_EQ(in_quotes("a\""), "\"a\"\"");
}

}  // namespace
}  // namespace netclsd
