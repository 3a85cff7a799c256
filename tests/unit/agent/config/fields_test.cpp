#include "agent/config/fields.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace netclsd {
namespace {

constexpr std::array<std::string_view, 3> kKnown = {"socket", "listen", "log"};

TEST(NearestTest, TheNearestWordWithinTwoLettersIsMeant) {
  EXPECT_EQ(nearest("soket", kKnown), "socket");
  EXPECT_EQ(nearest("Listne", kKnown), std::nullopt);
  EXPECT_EQ(nearest("listne", kKnown), "listen");
  EXPECT_EQ(nearest("lag", kKnown), "log");
}

TEST(NearestTest, VeryShortAndVeryLongWordsHaveNone) {
  EXPECT_EQ(nearest("x", kKnown), std::nullopt);
  EXPECT_EQ(nearest("", kKnown), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 's'), kKnown), std::nullopt);
}

}  // namespace
}  // namespace netclsd
