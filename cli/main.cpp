// netclsctl: asks and tells the netclsd agent.
#include <signal.h>

#include <algorithm>
#include <cstdio>

#include "cli/commands.h"
#include "common/base/fault_environment.h"

namespace netclsd::cli {
namespace {

int answer_usage(const UsageAnswer& answer) {
  std::fputs(answer.text.c_str(), answer.exit_status == 0 ? stdout : stderr);
  return answer.exit_status;
}

// A full disk behind stdout is a failure, too.
bool print(const std::string& text) { return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0; }

int run(const Arguments& arguments) {
  const AskAgent ask = [&](const ApiRequest& request) {
    return call_agent(arguments.socket, request, arguments.timeout);
  };
  const CommandResult result = run_command(arguments, ask, "");
  if (!result.error.empty()) std::fprintf(stderr, "netclsctl: %s\n", result.error.c_str());
  return print(result.text) ? result.exit_status : kExitFailed;
}

int complain(const Error& error) {
  constexpr int kWrongUsage = 2;
  std::fprintf(stderr, "netclsctl: %s\n", error.message().c_str());
  return kWrongUsage;
}

}  // namespace
}  // namespace netclsd::cli

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  if (const auto armed = netclsd::arm_faults(); !armed) return netclsd::cli::complain(armed.error());
  const auto parsed = netclsd::cli::parse_arguments(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  if (const auto* answer = std::get_if<netclsd::cli::UsageAnswer>(&parsed)) return netclsd::cli::answer_usage(*answer);
  return netclsd::cli::run(std::get<netclsd::cli::Arguments>(parsed));
}
