#include "common/sandbox/seccomp_mode.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

TEST(SeccompModeTest, NamesAreReadAsTheyAreWritten) {
  for (const SeccompMode mode : {SeccompMode::kKill, SeccompMode::kLog, SeccompMode::kOff}) {
    EXPECT_EQ(parse_seccomp_mode(to_string(mode)), mode);
  }
  EXPECT_STREQ(to_string(SeccompMode::kLog), "log");
}

TEST(SeccompModeTest, OtherNamesAreNoModes) {
  for (const char* text : {"", "Kill", "kill ", "trap"}) EXPECT_EQ(parse_seccomp_mode(text), std::nullopt) << text;
}

}  // namespace
}  // namespace netclsd
