// netclsd, the agent.

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <variant>

#include "agent/agent.h"
#include "agent/http/web_access.h"
#include "agent/logging/log.h"
#include "agent/logging/log_line.h"
#include "agent/node.h"
#include "common/base/fault_point.h"
#include "common/base/file.h"

namespace {

using namespace netclsd;  // NOLINT(google-build-using-namespace): the whole file is the program's face

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int fail(const Error& error, int exit_code = kFailed) {
  static_cast<void>(LineWriter(STDERR_FILENO).write("netclsd: " + error.message() + "\n"));
  return exit_code;
}

int tell(const Result<std::string>& outcome) {
  if (!outcome) return fail(outcome.error());
  std::puts(outcome->c_str());
  return 0;
}

// What the agent would find out at its start, besides what the kernel says.
Result<std::string> check(const Config& config) {
  if (auto loaded = WebAccess::load(config.web_config); !loaded) return pass_on(loaded.error());
  return "the configuration is valid";
}

int run_agent(const CommandLine& command_line, const Config& config) {
  configure_logging(config.log.level, config.log.format);
  auto agent = Agent::make(command_line, config);
  if (!agent) return fail(agent.error());
  const auto ran = (*agent)->run();
  return ran ? 0 : fail(ran.error());
}

int run(const CommandLine& command_line) {
  ::umask(S_IWGRP | S_IWOTH);  // under 077 the socket's readers could not pass through directories that we make
  auto config = load_config(command_line);
  if (!config) return fail(config.error());
  switch (command_line.task) {
    case Task::kRun:
      return run_agent(command_line, *config);
    case Task::kCheckConfig:
      return tell(check(*config));
    case Task::kPrepare:
      return tell(prepare_node(*config));
    case Task::kCleanUp:
      return tell(clean_up_node(*config));
  }
  return kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  netclsd::open_standard_descriptors();
  if (const auto armed = netclsd::arm_faults(); !armed) return fail(armed.error(), kWrongUsage);
  const auto parsed = netclsd::parse_command_line(argc, argv);
  if (const auto* early = std::get_if<netclsd::EarlyExit>(&parsed)) {
    std::fputs(early->text.c_str(), early->exit_code == 0 ? stdout : stderr);
    return early->exit_code;
  }
  return run(std::get<netclsd::CommandLine>(parsed));
}
