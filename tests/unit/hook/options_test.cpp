#include "hook/options.h"

#include <gtest/gtest.h>

namespace netclsd::hook {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string_view>;

HookOptions options_of(const Words& words) {
  const auto parsed = parse_hook_options(words);
  EXPECT_TRUE(parsed) << parsed.error().message();
  return parsed ? std::get<HookOptions>(*parsed) : HookOptions{};
}

TEST(HookOptionsTest, DefaultsAreTheContracts) {
  const HookOptions options = options_of({});
  EXPECT_EQ(options.socket, "/run/netclsd/agent.sock");
  EXPECT_EQ(options.spool, "/run/netclsd/spool");
  EXPECT_EQ(options.timeout, 500ms);
  EXPECT_EQ(options.on_failure, OnFailure::kAllow);
  EXPECT_EQ(options.seccomp, SeccompMode::kKill);
  EXPECT_EQ(options.stage, std::nullopt);
}

TEST(HookOptionsTest, BothWaysToGiveAValueWork) {
  const HookOptions options =
      options_of({"--socket", "/s", "--spool=/p", "--timeout=2s", "--on-failure", "deny", "--deny-exempt-namespace",
                  "a", "--deny-exempt-namespace=b", "--log-file=/l", "--seccomp=log", "createRuntime"});
  EXPECT_EQ(options.socket, "/s");
  EXPECT_EQ(options.spool, "/p");
  EXPECT_EQ(options.timeout, 2s);
  EXPECT_EQ(options.on_failure, OnFailure::kDeny);
  EXPECT_EQ(options.deny_exempt_namespaces, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.log_file, "/l");
  EXPECT_EQ(options.seccomp, SeccompMode::kLog);
  EXPECT_EQ(options.stage, Stage::kCreateRuntime);
}

TEST(HookOptionsTest, WrongUsageIsAnError) {
  for (const Words& words :
       {Words{"--bad"}, Words{"startContainer"}, Words{"prestart", "poststop"}, Words{"--socket"}, Words{"--socket="},
        Words{"--timeout", "0ms"}, Words{"--timeout=9ms"}, Words{"--timeout=61s"}, Words{"--timeout", "fast"},
        Words{"--on-failure=maybe"}, Words{"--seccomp=trap"}, Words{"--seccomp"}, Words{""}}) {
    EXPECT_FALSE(parse_hook_options(words)) << words.front();
  }
}

TEST(HookOptionsTest, HelpAndVersionAreInformation) {
  EXPECT_EQ(std::get<Information>(*parse_hook_options(Words{"--help"})), Information::kHelp);
  EXPECT_EQ(std::get<Information>(*parse_hook_options(Words{"poststop", "--version"})), Information::kVersion);
  EXPECT_NE(hook_help().find("Examples:"), std::string::npos);
}

}  // namespace
}  // namespace netclsd::hook
