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

TEST(ClassIdTest, ANumberWithoutAMajorIsAMistakeAndTheErrorSaysWhich) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const auto& [text, message] : {
           Case{"10", R"(classid "10" is 0:a, which has no major and fits no qdisc: did you mean 10:0? )"
                      "(0:a is taken if it is written so)"},
           Case{"601", R"(classid "601" is 0:259, which has no major and fits no qdisc: did you mean 601:0, or 10:1, )"
                       "which YAML 1.1 reads as 601 where it is not in quotes? (0:259 is taken if it is written so)"},
           Case{"65535",
                R"(classid "65535" is 0:ffff, which has no major and fits no qdisc: did you mean 1092:15, )"
                "which YAML 1.1 reads as 65535 where it is not in quotes? (0:ffff is taken if it is written so)"},
           Case{"0x000a", R"(classid "0x000a" is 0:a, which has no major and fits no qdisc: did you mean a:0? )"
                          "(0:a is taken if it is written so)"},
       }) {
    const auto class_id = ClassId::parse(text);
    ASSERT_FALSE(class_id.has_value()) << text;
    EXPECT_EQ(class_id.error().message(), message);
  }
  EXPECT_FALSE(ClassIdRange::parse("10-20"));
}

// nftables, iptables and BPF compare the number; and a runtime's spec has numbers.
TEST(ClassIdTest, AMajorOfZeroMayBeWrittenOut) {
  EXPECT_EQ(ClassId::parse("0:a")->raw(), 10U);
  EXPECT_FALSE(ClassId::parse("0:ffff")->has_major());
  EXPECT_TRUE(ClassId::parse("1:0")->has_major());
  EXPECT_TRUE(ClassId::parse("65536")->has_major());
  EXPECT_TRUE(ClassIdRange::parse("0:1-ffff:ffff")->contains(*ClassId::from_raw(10)));
}

TEST(ClassIdTest, BlanksAroundAreNamed) {
  EXPECT_EQ(ClassId::parse("10:1\n").error().message(),
            R"(classid "10:1?" is not MAJOR:MINOR in hex (10:1), 0x100001 or 1048577; it ends with a line break )"
            "(YAML: write |- for |, or quotes)");
  EXPECT_TRUE(ClassId::parse(" 10:1").error().message().ends_with("; it begins or ends with a blank"));
  EXPECT_TRUE(ClassId::parse("gold").error().message().ends_with("1048577"));
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
