#include "common/base/text.h"

#include <gtest/gtest.h>

#include <string>

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

TEST(TextTest, AListContainsWholeTextsOnly) {
  EXPECT_TRUE(contains({"a", "bc"}, "bc"));
  EXPECT_FALSE(contains({"a", "bc"}, "b"));
  EXPECT_FALSE(contains({}, ""));
}

TEST(TextTest, BlanksAroundAValueAreHintedAt) {
  for (const char* text : {"", "a", "a b", "a\nb", " ", "\n"}) EXPECT_EQ(hint_at_blanks(text), "") << text;
  for (const char* text : {"a\n", "a\r\n", " a\n"})
    EXPECT_TRUE(hint_at_blanks(text).starts_with("; it ends with a line")) << text;
  for (const char* text : {" a", "a ", "a\t", "\na"})
    EXPECT_EQ(hint_at_blanks(text), "; it begins or ends with a blank") << text;
}

TEST(TextTest, CharactersOfUtf8HaveALength) {
  EXPECT_EQ(utf8_length_at("a", 0), 1U);
  EXPECT_EQ(utf8_length_at("\xc3\xa4", 0), 2U);
  EXPECT_EQ(utf8_length_at("x\xe2\x82\xac", 1), 3U);
  EXPECT_EQ(utf8_length_at("\xf0\x9f\x98\x80", 0), 4U);
  EXPECT_TRUE(is_utf8("a\xc3\xa4\xf4\x8f\xbf\xbf"));
  for (const char* text : {"\xa4", "\xc3", "\xc3z", "\xc0\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

using namespace std::chrono_literals;

TEST(UnitsTest, DurationsHaveAUnit) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("7us"), 7us);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("24h"), 24h);
}

TEST(UnitsTest, OtherTextsAreNoDurations) {
  for (const char* text : {"", "5", "ms", "5 s", "-5s", "5S", "1.5s", "25h", "99999999999999999999s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(UnitsTest, DurationsAreWrittenShortAndExact) {
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(500ms), "500ms");
  EXPECT_EQ(format_duration(1500us), "1500us");
  EXPECT_EQ(format_duration(0us), "0s");
}

TEST(UnitsTest, SizesAreBytesOrBinaryUnits) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("64MiB"), 64U << 20);
  EXPECT_EQ(parse_size("2147483647"), 2147483647U);
}

TEST(UnitsTest, OtherTextsAreNoSizes) {
  for (const char* text : {"", "MiB", "64MB", "64M", "2GiB", "-1"}) EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

using Time = std::chrono::system_clock::time_point;

TEST(UtcTimeTest, IsRfc3339InUtcWithMilliseconds) {
  EXPECT_EQ(format_utc(Time(0s)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_utc(Time(1709208000s + 250ms)), "2024-02-29T12:00:00.250Z");
  EXPECT_EQ(format_utc(Time(-1ms)), "1969-12-31T23:59:59.999Z");
}

struct Case {
  const char* pattern;
  const char* text;
  bool matches;
};

class GlobTest : public testing::TestWithParam<Case> {};

TEST_P(GlobTest, Matches) {
  EXPECT_EQ(matches_glob(GetParam().pattern, GetParam().text), GetParam().matches)
      << GetParam().pattern << " and " << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Patterns, GlobTest,
    testing::Values(Case{"web", "web", true}, Case{"web", "web2", false}, Case{"web", "we", false}, Case{"", "", true},
                    Case{"", "a", false}, Case{"*", "", true}, Case{"*", "anything", true}, Case{"?", "", false},
                    Case{"?", "a", true}, Case{"?", "ab", false}, Case{"web-*", "web-", true},
                    Case{"web-*", "web-1", true}, Case{"web-*", "aweb-1", false}, Case{"*-web", "a-b-web", true},
                    Case{"*-web", "a-web-b", false}, Case{"a*b*c", "abbbcbc", true}, Case{"a*b*c", "acb", false},
                    Case{"a**b", "ab", true}, Case{"*a?", "xaab", true}, Case{"[a-z]", "b", false},
                    Case{"[a-z]", "[a-z]", true}, Case{"a.c", "abc", false}, Case{"\\*", "*", false}));

TEST(GlobTimeTest, ManyStarsTakeNoLongerThanPatternTimesText) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  const std::string text(20'000, 'a');
  EXPECT_FALSE(matches_glob(pattern + "b", text));  // a matcher that tries every star again never ends
  EXPECT_TRUE(matches_glob(pattern, text));
}

TEST(VersionTest, IsReadUpToWhatIsNoNumber) {
  EXPECT_EQ(parse_version("6.18.44-fc-v782", 2), (Version{6, 18, 44}));
  EXPECT_EQ(parse_version("6.18", 2), (Version{6, 18, 0}));
  EXPECT_EQ(parse_version("1.7.15~ds1", 3), (Version{1, 7, 15}));
  EXPECT_EQ(parse_version("1.2.3.4", 3), (Version{1, 2, 3}));
}

TEST(VersionTest, IsNoneWithoutTheNumbersThatAreNeeded) {
  for (const char* text : {"", "6", "v6.18.1", "6.", "6..1", "99999999999999999999.1"}) {
    EXPECT_EQ(parse_version(text, 2), std::nullopt) << text;
  }
  EXPECT_EQ(parse_version("1.7", 3), std::nullopt);
}

}  // namespace
}  // namespace netclsd
