#include "common/base/units.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

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

}  // namespace
}  // namespace netclsd
