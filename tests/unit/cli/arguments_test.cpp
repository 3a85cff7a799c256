#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/Version.hpp>

namespace netclsd::cli {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

Arguments arguments_of(const Words& words) {
  auto parsed = parse_arguments(words);
  if (const auto* answer = std::get_if<UsageAnswer>(&parsed)) {
    ADD_FAILURE() << answer->text;
    return {};
  }
  return std::get<Arguments>(parsed);
}

UsageAnswer answer_of(const Words& words) {
  auto parsed = parse_arguments(words);
  return std::holds_alternative<UsageAnswer>(parsed) ? std::get<UsageAnswer>(parsed) : UsageAnswer{-1, "accepted"};
}

TEST(ArgumentsTest, DefaultsAreTheContracts) {
  const Arguments arguments = arguments_of({"status"});
  EXPECT_EQ(arguments.socket, "/run/netclsd/agent.sock");
  EXPECT_EQ(arguments.timeout, 10s);
  EXPECT_EQ(arguments.format, OutputFormat::kTable);
  EXPECT_TRUE(std::holds_alternative<StatusCommand>(arguments.command));
}

TEST(ArgumentsTest, GlobalOptionsMayStandBeforeOrBehindTheCommand) {
  for (const Words& words : {Words{"--socket", "/s", "-o", "json", "--timeout=1s", "list"},
                             Words{"list", "--socket=/s", "-o", "json", "--timeout", "1s"}}) {
    const Arguments arguments = arguments_of(words);
    EXPECT_EQ(arguments.socket, "/s");
    EXPECT_EQ(arguments.timeout, 1s);
    EXPECT_EQ(arguments.format, OutputFormat::kJson);
  }
}

TEST(ArgumentsTest, CommandsCarryTheirArguments) {
  EXPECT_EQ(std::get<ShowCommand>(arguments_of({"show", "ab12"}).command).id.text(), "ab12");
  EXPECT_EQ(std::get<ReleaseCommand>(arguments_of({"release", "ab12"}).command).id.text(), "ab12");
  EXPECT_EQ(std::get<ExplainCommand>(arguments_of({"explain", "4711"}).command).pid, Pid{4711});
  EXPECT_TRUE(std::holds_alternative<SweepCommand>(arguments_of({"sweep"}).command));
  EXPECT_TRUE(std::holds_alternative<DoctorCommand>(arguments_of({"doctor"}).command));
}

TEST(ArgumentsTest, RegisterTakesAClassidOrAClass) {
  const auto by_number =
      std::get<RegisterCommand>(arguments_of({"register", "a", "--pid", "7", "--classid", "10:1"}).command);
  EXPECT_EQ(by_number.pid, Pid{7});
  EXPECT_EQ(std::get<ClassId>(by_number.wanted), *ClassId::parse("10:1"));
  const auto by_name =
      std::get<RegisterCommand>(arguments_of({"register", "a", "--pid", "7", "--class", "gold"}).command);
  EXPECT_EQ(std::get<ClassName>(by_name.wanted).text, "gold");
}

TEST(ArgumentsTest, WrongUsageIsOneLineWithAHint) {
  for (const Words& words :
       {Words{}, Words{"bogus"}, Words{"show"}, Words{"show", "../a"}, Words{"explain", "0"}, Words{"explain", "x"},
        Words{"register", "a", "--pid", "7"}, Words{"register", "a", "--classid", "10:1"},
        Words{"register", "a", "--pid", "7", "--classid", "0"},
        Words{"register", "a", "--pid", "7", "--classid", "10:1", "--class", "gold"}, Words{"-o", "xml", "status"},
        Words{"--timeout", "fast", "status"}, Words{"--timeout", "0ms", "status"}, Words{"status", "more"}}) {
    const UsageAnswer answer = answer_of(words);
    EXPECT_EQ(answer.exit_status, 2) << testing::PrintToString(words);
    EXPECT_THAT(answer.text, testing::EndsWith("; see netclsctl --help\n"));
    EXPECT_EQ(answer.text.find('\n'), answer.text.size() - 1);
  }
}

TEST(ArgumentsTest, HelpShowsExamplesForEveryCommand) {
  for (const Words& words : {Words{"--help"}, Words{"status", "--help"}, Words{"list", "--help"},
                             Words{"show", "--help"}, Words{"explain", "--help"}, Words{"register", "--help"},
                             Words{"release", "--help"}, Words{"sweep", "--help"}, Words{"doctor", "--help"}}) {
    const UsageAnswer answer = answer_of(words);
    EXPECT_EQ(answer.exit_status, 0);
    const std::size_t examples = answer.text.find("Example");
    ASSERT_NE(examples, std::string::npos);
    const std::string indentation = CLI11_VERSION_MINOR < 6 ? "  " : "";  // newer versions do not keep it
    EXPECT_THAT(answer.text.substr(examples),
                testing::HasSubstr(indentation + "netclsctl " + (words.size() > 1 ? words[0] : "status")));
  }
}

TEST(ArgumentsTest, VersionIsTold) { EXPECT_THAT(answer_of({"--version"}).text, testing::StartsWith("netclsctl 0.")); }

TEST(ArgumentsTest, HookInstallCarriesItsOptions) {
  const auto options = std::get<HookInstallCommand>(arguments_of({"hook",
                                                                  "install",
                                                                  "--root",
                                                                  "/host",
                                                                  "--runtime",
                                                                  "podman",
                                                                  "--runtime=containerd",
                                                                  "--hook-arg=--on-failure",
                                                                  "--hook-arg=deny",
                                                                  "--runtime-handler",
                                                                  "runc",
                                                                  "--binary",
                                                                  "/b",
                                                                  "--all-containers",
                                                                  "--program-dir=/srv/netclsd",
                                                                  "--state-dir=/run/other",
                                                                  "--exit-zero",
                                                                  "--restart",
                                                                  "--dry-run",
                                                                  "--diff",
                                                                  "--containerd-version",
                                                                  "1.7",
                                                                  "-o",
                                                                  "json"})
                                                        .command)
                           .options;
  EXPECT_EQ(options.root, "/host");
  EXPECT_EQ(options.runtimes, (std::vector<Runtime>{Runtime::kPodman, Runtime::kContainerd}));
  EXPECT_EQ(options.hook_arguments, (Words{"--on-failure", "deny"}));
  EXPECT_EQ(options.runtime_handlers, Words{"runc"});
  EXPECT_EQ(options.binary, "/b");
  EXPECT_EQ(options.containerd_version, "1.7");
  EXPECT_EQ(options.program_directory, "/srv/netclsd");
  EXPECT_EQ(options.state_directory, "/run/other");
  EXPECT_TRUE(options.exit_zero);
  EXPECT_TRUE(options.all_containers && options.restart && options.dry_run && options.diff && options.as_json);
}

TEST(ArgumentsTest, HookCommandsHaveQuietDefaults) {
  const auto install =
      std::get<HookInstallCommand>(arguments_of({"hook", "install", "--runtime=auto"}).command).options;
  EXPECT_EQ(install.root, "/");
  EXPECT_TRUE(install.runtimes.empty());
  EXPECT_EQ(install.state_directory, "/run/netclsd");
  EXPECT_EQ(install.program_directory, "");
  EXPECT_FALSE(install.all_containers || install.restart || install.dry_run || install.diff || install.as_json ||
               install.exit_zero);
  EXPECT_EQ(std::get<HookUninstallCommand>(arguments_of({"hook", "uninstall", "--root=/h"}).command).options.root,
            "/h");
  EXPECT_EQ(std::get<HookStatusCommand>(arguments_of({"hook", "status", "--root=/h"}).command).options.root, "/h");
  EXPECT_EQ(answer_of({"hook"}).exit_status, 2);
  EXPECT_EQ(answer_of({"hook", "install", "--runtime", "docker"}).exit_status, 2);
  EXPECT_THAT(answer_of({"hook", "uninstall", "--help"}).text, testing::HasSubstr("Example:"));
}

}  // namespace
}  // namespace netclsd::cli
