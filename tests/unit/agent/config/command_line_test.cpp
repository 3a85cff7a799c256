#include "agent/config/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace netclsd {
namespace {

using testing::HasSubstr;

std::variant<CommandLine, EarlyExit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "netclsd");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

CommandLine accepted(std::vector<const char*> arguments) {
  const auto parsed = parse(std::move(arguments));
  if (const auto* early = std::get_if<EarlyExit>(&parsed)) ADD_FAILURE() << early->text;
  return std::get<CommandLine>(parsed);
}

EarlyExit ended(std::vector<const char*> arguments) { return std::get<EarlyExit>(parse(std::move(arguments))); }

class CommandLineTest : public testing::Test {
 protected:
  void SetUp() override { std::ofstream(file_) << R"({"state_dir": "/from/file", "listen": "127.0.0.1:1"})"; }
  void TearDown() override { ::unlink(file_.c_str()); }
  std::string file_ = testing::TempDir() + "netclsd-command-line-" + std::to_string(::getpid()) + ".json";
};

TEST_F(CommandLineTest, NoArgumentsMeanTheDefaultFile) {
  const CommandLine line = accepted({});
  EXPECT_EQ(line.config_file, std::nullopt);
  EXPECT_EQ(line.task, Task::kRun);
  EXPECT_TRUE(line.overrides.empty());
}

TEST_F(CommandLineTest, OneTaskInsteadOfRunning) {
  EXPECT_EQ(accepted({"--check-config"}).task, Task::kCheckConfig);
  EXPECT_EQ(accepted({"--prepare"}).task, Task::kPrepare);
  EXPECT_EQ(accepted({"--clean-up"}).task, Task::kCleanUp);
  EXPECT_EQ(ended({"--prepare", "--clean-up"}).exit_code, 2);
}

TEST_F(CommandLineTest, FlagsOverrideTheFile) {
  const auto config =
      load_config(accepted({"--config", file_.c_str(), "--listen", "127.0.0.1:2", "--socket", "/s", "--web-config",
                            "/w", "--net-cls-mount=/m", "--net-cls-parent", "p", "--receive-buffer", "1MiB",
                            "--audit-interval", "5s", "--log-level", "debug", "--log-format", "json"}));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->state_dir, "/from/file");
  EXPECT_EQ(config->listen, (ListenAddress{"127.0.0.1", 2}));
  EXPECT_EQ(config->socket, "/s");
  EXPECT_EQ(config->web_config, "/w");
  EXPECT_EQ(config->net_cls, (NetClsConfig{"/m", "p"}));
  EXPECT_EQ(config->receive_buffer_bytes, 1U << 20);
  EXPECT_EQ(config->audit_interval, std::chrono::seconds{5});
  EXPECT_EQ(config->log, (LogConfig{LogLevel::kDebug, LogFormat::kJson}));
}

TEST_F(CommandLineTest, AnEmptyListenSwitchesTheTcpListenerOff) {
  const auto config = load_config(accepted({"--config", file_.c_str(), "--listen", ""}));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->listen, std::nullopt);
}

TEST_F(CommandLineTest, ABadValueNamesTheFlag) {
  const auto config = load_config(accepted({"--config", file_.c_str(), "--audit-interval", "soon"}));
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message(),
            "--audit-interval: expected a duration from 100ms to 24h like \"30s\", found \"soon\"");
}

TEST_F(CommandLineTest, WrongUsageExitsWithTwo) {
  EXPECT_EQ(ended({"--no-such-flag"}).exit_code, 2);
  EXPECT_EQ(ended({"positional"}).exit_code, 2);
  EXPECT_EQ(ended({"--config"}).exit_code, 2);
  EXPECT_EQ(ended({"--socket", "/a", "--socket", "/b"}).exit_code, 2);
}

TEST_F(CommandLineTest, HelpShowsExamplesAndEveryFlag) {
  const EarlyExit help = ended({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.text, HasSubstr("Examples:"));
  for (const char* flag :
       {"--config", "--check-config", "--version", "--socket", "--state-dir", "--listen", "--net-cls-mount",
        "--net-cls-parent", "--receive-buffer", "--audit-interval", "--log-level", "--log-format"}) {
    EXPECT_THAT(help.text, HasSubstr(flag));
  }
}

TEST_F(CommandLineTest, VersionIsOneLine) {
  const EarlyExit version = ended({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.text, testing::MatchesRegex("netclsd [0-9.]+ \\([^)]+\\)\n"));
}

}  // namespace
}  // namespace netclsd
