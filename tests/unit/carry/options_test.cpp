#include "carry/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace netclsd::carry {
namespace {

using testing::HasSubstr;

std::variant<CarryOptions, EarlyExit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "netclsd-carrier");
  return parse_carry_options(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CarryOptionsTest, EverythingHasADefault) {
  const auto options = std::get<CarryOptions>(parse({}));
  EXPECT_EQ(options.config_file, std::nullopt);
  EXPECT_EQ(options.state_dir, std::nullopt);
  EXPECT_EQ(options.bpffs, "/sys/fs/bpf");
  EXPECT_FALSE(options.cleans_up);
}

TEST(CarryOptionsTest, EveryOptionIsRead) {
  const auto options =
      std::get<CarryOptions>(parse({"--config", "c.json", "--state-dir", "/s", "--bpffs", "/b", "--clean-up"}));
  EXPECT_EQ(options.config_file, "c.json");
  EXPECT_EQ(options.state_dir, "/s");
  EXPECT_EQ(options.bpffs, "/b");
  EXPECT_TRUE(options.cleans_up);
}

TEST(CarryOptionsTest, HelpAndVersionAreNoFailures) {
  const auto help = std::get<EarlyExit>(parse({"--help"}));
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.text, HasSubstr("Examples:"));
  EXPECT_EQ(std::get<EarlyExit>(parse({"--version"})).exit_code, 0);
}

TEST(CarryOptionsTest, WrongUsageIsSaid) {
  EXPECT_EQ(std::get<EarlyExit>(parse({"--bogus"})).exit_code, 2);
  EXPECT_EQ(std::get<EarlyExit>(parse({"--bpffs"})).exit_code, 2);
  const auto relative = std::get<EarlyExit>(parse({"--bpffs", "bpf"}));
  EXPECT_EQ(relative.exit_code, 2);
  EXPECT_THAT(relative.text, HasSubstr("absolute"));
}

}  // namespace
}  // namespace netclsd::carry
