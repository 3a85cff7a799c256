#include "agent/logging/log_line.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/file.h"

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

class LineWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
    const int size = ::fcntl(writer_.get(), F_SETPIPE_SZ, 1);  // the kernel makes it one page
    ASSERT_GE(size, 4'096);
    pipe_size_ = static_cast<std::size_t>(size);
  }
  std::string read_some() const {
    std::string text(4 * pipe_size_, '\0');
    text.resize(static_cast<std::size_t>(::read(reader_.get(), text.data(), text.size())));
    return text;
  }

  std::size_t pipe_size_ = 0;
  UniqueFd reader_;
  UniqueFd writer_;
};

// Nobody reads: a write that waited would never return.
TEST_F(LineWriterTest, WhatHasNoRoomIsDropped) {
  LineWriter lines(writer_.get());
  const std::string line = std::string(999, 'x') + "\n";
  const std::size_t tries = 2 * pipe_size_ / line.size();
  std::size_t written = 0;
  for (std::size_t i = 0; i < tries; ++i) written += lines.write(line) ? 1 : 0;
  EXPECT_GE(written, 1U);
  EXPECT_LT(written, tries);
  EXPECT_EQ(read_some().size(), written * line.size());
  EXPECT_TRUE(lines.write("again\n"));
  EXPECT_EQ(read_some(), "again\n");
}

TEST_F(LineWriterTest, ALineThatWasCutIsEndedBeforeTheNext) {
  LineWriter lines(writer_.get());
  const std::string line = std::string(2 * pipe_size_, 'x') + "\n";
  EXPECT_FALSE(lines.write(line));
  EXPECT_FALSE(lines.write("lost\n"));
  const std::string cut = read_some();
  EXPECT_FALSE(cut.empty());
  EXPECT_LE(cut.size(), pipe_size_);
  EXPECT_TRUE(line.starts_with(cut));
  EXPECT_TRUE(lines.write("next\n"));
  EXPECT_EQ(read_some(), "\nnext\n");
}

TEST_F(LineWriterTest, WithoutAReaderAllIsDropped) {
  ASSERT_NE(::signal(SIGPIPE, SIG_IGN), SIG_ERR);
  reader_.reset();
  EXPECT_FALSE(LineWriter(writer_.get()).write("line\n"));
  ::signal(SIGPIPE, SIG_DFL);
}

}  // namespace
}  // namespace netclsd
