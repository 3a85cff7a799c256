#include "agent/logging/format.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

namespace netclsd {
namespace {

constexpr std::chrono::system_clock::time_point kTime{std::chrono::milliseconds{1'795'291'200'123}};

std::string text_of(std::vector<LogField> fields) { return format_text({kTime, LogLevel::kInfo, "e", fields}); }

std::string json_of(std::vector<LogField> fields) { return format_json({kTime, LogLevel::kInfo, "e", fields}); }

TEST(LogFormatTest, ALineIsTimeLevelEventAndFields) {
  const std::vector<LogField> fields = {{"container", "ab12"}, {"class", "10:1"}, {"pid", 4711}};
  EXPECT_EQ(format_text({kTime, LogLevel::kInfo, "container_registered", fields}),
            "2026-11-21T20:00:00.123Z info container_registered container=ab12 class=10:1 pid=4711");
}

TEST(LogFormatTest, TimesBeforeTheEpochKeepThreeDigits) {
  EXPECT_EQ(format_time(std::chrono::system_clock::time_point{std::chrono::milliseconds{-1}}),
            "1969-12-31T23:59:59.999Z");
}

TEST(LogFormatTest, ValuesThatCouldForgeALineOrAFieldAreQuoted) {
  EXPECT_EQ(text_of({{"k", "a b"}}), R"(2026-11-21T20:00:00.123Z info e k="a b")");
  EXPECT_EQ(text_of({{"k", "a\nb"}}), R"(2026-11-21T20:00:00.123Z info e k="a\nb")");
  EXPECT_EQ(text_of({{"k", "a\x1b[0m"}}), R"(2026-11-21T20:00:00.123Z info e k="a\x1b[0m")");
  EXPECT_EQ(text_of({{"k", "x=\"1\""}}), R"(2026-11-21T20:00:00.123Z info e k="x=\"1\"")");
  EXPECT_EQ(text_of({{"k", ""}}), R"(2026-11-21T20:00:00.123Z info e k="")");
}

TEST(LogFormatTest, UmlautsNeedNoQuotes) { EXPECT_TRUE(text_of({{"k", "müsli"}}).ends_with(" k=müsli")); }

TEST(LogFormatTest, NumbersAndTruthAreBareInBothFormats) {
  const std::vector<LogField> fields = {
      {"n", std::numeric_limits<std::uint64_t>::max()}, {"m", -1}, {"t", true}, {"f", false}};
  EXPECT_TRUE(text_of(fields).ends_with(" n=18446744073709551615 m=-1 t=true f=false"));
  EXPECT_TRUE(json_of(fields).ends_with(R"("n":18446744073709551615,"m":-1,"t":true,"f":false})"));
}

TEST(LogFormatTest, JsonIsOneObjectWithTheFieldsInOrder) {
  EXPECT_EQ(json_of({{"container", "ab12"}, {"error", "x \"y\"\n"}}),
            R"({"ts":"2026-11-21T20:00:00.123Z","level":"info","event":"e","container":"ab12","error":"x \"y\"\n"})");
}

TEST(LogFormatTest, BytesThatAreNotUtf8StillMakeValidJson) {
  EXPECT_TRUE(nlohmann::json::accept(json_of({{"k", "\xff\xfe"}})));
}

TEST(LogFormatTest, AValueIsCutAtTwoKibibytes) {
  EXPECT_LT(text_of({{"k", std::string(100'000, 'x')}}).size(), 2200U);
  EXPECT_LT(json_of({{"k", std::string(100'000, 'x')}}).size(), 2200U);
}

}  // namespace
}  // namespace netclsd
