#include "common/model/class_id.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

TEST(ClassIdTest, ThreeSpellingsMeanTheSame) {
  for (const char* text : {"10:1", "0x100001", "1048577", "0010:0001"}) {
    const auto class_id = ClassId::parse(text);
    ASSERT_TRUE(class_id) << text;
    EXPECT_EQ(class_id->raw(), 1048577U) << text;
  }
}

TEST(ClassIdTest, MinorIsHexNotDecimal) { EXPECT_EQ(ClassId::parse("1:10")->raw(), 0x10010U); }

TEST(ClassIdTest, TheHighestBitIsNoSign) {
  EXPECT_EQ(ClassId::parse("ffff:ffff")->raw(), 0xffffffffU);
  EXPECT_EQ(ClassId::parse("4294967295")->raw(), 0xffffffffU);
  EXPECT_EQ(to_string(*ClassId::from_raw(0xffffffff)), "ffff:ffff");
}

TEST(ClassIdTest, OtherTextsAreRefused) {
  for (const char* text : {"", ":", "10:", ":1", "10000:1", "1:10000", "1:1:1", " 10:1", "10:1\n", "-1", "4294967296",
                           "0x100000000", "0x", "0X10", "gold", "10:g", "+1"}) {
    EXPECT_FALSE(ClassId::parse(text)) << text;
  }
}

TEST(ClassIdTest, ZeroIsNoClass) {
  for (const char* text : {"0", "0:0", "0x0"}) EXPECT_FALSE(ClassId::parse(text)) << text;
  EXPECT_EQ(ClassId::from_raw(0), std::nullopt);
}

TEST(ClassIdTest, ErrorsAreShortAndPrintable) {
  const std::string message = ClassId::parse("\n\x1b" + std::string(1000, 'x')).error().message();
  EXPECT_LT(message.size(), 200U);
  EXPECT_EQ(message.find_first_of("\n\x1b"), std::string::npos);
}

TEST(ClassIdTest, IsWrittenAsTcWritesIt) { EXPECT_EQ(to_string(*ClassId::parse("0x100001")), "10:1"); }

TEST(ClassIdRangeTest, BothEndsBelongToIt) {
  const auto range = ClassIdRange::parse("10:1-10:ffff");
  ASSERT_TRUE(range);
  EXPECT_TRUE(range->contains(*ClassId::parse("10:1")));
  EXPECT_TRUE(range->contains(*ClassId::parse("10:ffff")));
  EXPECT_FALSE(range->contains(*ClassId::parse("11:1")));
}

TEST(ClassIdRangeTest, OneClassidIsARange) {
  EXPECT_TRUE(ClassIdRange::parse("10:1")->contains(*ClassId::parse("10:1")));
}

TEST(ClassIdRangeTest, BackwardsAndBrokenRangesAreRefused) {
  for (const char* text : {"10:2-10:1", "10:1-", "-10:1", "10:1-10:2-10:3", ""}) {
    EXPECT_FALSE(ClassIdRange::parse(text)) << text;
  }
}

}  // namespace
}  // namespace netclsd
