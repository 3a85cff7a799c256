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
  EXPECT_EQ(seccomp_mode(options), SeccompMode::kRefuse);
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

// A killed hook is a failed one, whatever --on-failure says.
TEST(HookOptionsTest, WithoutSeccompOnFailureDecidesWhatAForbiddenCallDoes) {
  EXPECT_EQ(seccomp_mode(options_of({"--on-failure=allow"})), SeccompMode::kRefuse);
  EXPECT_EQ(seccomp_mode(options_of({"--on-failure=deny"})), SeccompMode::kKill);
  EXPECT_EQ(seccomp_mode(options_of({"--seccomp=kill", "--on-failure=allow"})), SeccompMode::kKill);
  EXPECT_EQ(seccomp_mode(options_of({"--seccomp=refuse", "--on-failure=deny"})), SeccompMode::kRefuse);
  EXPECT_EQ(seccomp_mode(options_of({"--seccomp=off"})), SeccompMode::kOff);
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

TEST(StageTest, KnowsTheThreeStages) {
  EXPECT_EQ(options_of({"prestart"}).stage, Stage::kPrestart);
  EXPECT_EQ(options_of({"createRuntime"}).stage, Stage::kCreateRuntime);
  EXPECT_EQ(options_of({"poststop"}).stage, Stage::kPoststop);
}

constexpr bool kPid = true;
const auto kMade = [] { return true; };
const auto kForeign = [] { return false; };

Result<Task> by_state(const char* status, bool has_pid, const std::function<bool()>& is_made_by_caller) {
  return choose_task(std::nullopt, status, has_pid, is_made_by_caller);
}

TEST(StageTest, WithoutAStageTheStatusDecides) {
  for (const char* status : {"creating", "created", "running"}) {
    EXPECT_EQ(*by_state(status, kPid, kForeign), Task::kRegister) << status;
    EXPECT_EQ(*by_state(status, !kPid, kForeign), Task::kRegister) << status;
  }
  EXPECT_EQ(*by_state("stopped", !kPid, kForeign), Task::kRelease);
}

// As runc restore does, whose state is that of the container before it.
TEST(StageTest, StoppedIsAStartIfTheCallerHasJustMadeItsPid) {
  EXPECT_EQ(*by_state("stopped", kPid, kMade), Task::kRegister);
  EXPECT_EQ(*by_state("stopped", kPid, kForeign), Task::kRelease) << "the number is somebody else's by now";
  EXPECT_EQ(*by_state("stopped", !kPid, kMade), Task::kRelease);
}

TEST(StageTest, AStatusThatNobodyKnowsIsAStartIfThereIsAPid) {
  for (const char* status : {"", "paused", "dreaming"}) {
    EXPECT_EQ(*by_state(status, kPid, kForeign), Task::kRegister) << status;
    EXPECT_FALSE(by_state(status, !kPid, kForeign)) << status;
  }
}

TEST(StageTest, AGivenStageWinsOverTheState) {
  EXPECT_EQ(*choose_task(Stage::kPoststop, "creating", kPid, kMade), Task::kRelease);
  EXPECT_EQ(*choose_task(Stage::kPrestart, "stopped", !kPid, kForeign), Task::kRegister);
  EXPECT_EQ(*choose_task(Stage::kCreateRuntime, "whatever", !kPid, kForeign), Task::kRegister);
}

}  // namespace
}  // namespace netclsd::hook
