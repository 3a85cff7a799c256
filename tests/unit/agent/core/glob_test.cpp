#include "agent/core/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace netclsd {
namespace {

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

}  // namespace
}  // namespace netclsd
