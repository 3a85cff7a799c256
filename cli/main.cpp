// netclsctl: the client of the netclsd agent.
#include <signal.h>

#include <algorithm>
#include <cstdio>

#include "cli/commands.h"
#include "common/base/fault_point.h"
#include "common/base/file.h"

namespace netclsd::cli {
namespace {

int answer_usage(const UsageAnswer& answer) {
  std::fputs(answer.text.c_str(), answer.exit_status == 0 ? stdout : stderr);
  return answer.exit_status;
}

// False also when stdout is a file on a full disk.
bool print(const std::string& text) { return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0; }

int run(const Arguments& arguments) {
  const AskAgent ask = [&](const ApiRequest& request) {
    return call_agent(arguments.socket, request, arguments.timeout);
  };
  const std::string beside = arguments.mount.substr(0, arguments.mount.rfind('/'));
  const Mounting mounting = mounting_at({.directory = arguments.mount, .spool = beside + "/spool"});
  const CommandResult result = run_command(arguments, ask, mounting, "");
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
  netclsd::open_standard_descriptors();
  ::signal(SIGPIPE, SIG_IGN);
  if (const auto armed = netclsd::arm_faults(); !armed) return netclsd::cli::complain(armed.error());
  const auto parsed = netclsd::cli::parse_arguments(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  if (const auto* answer = std::get_if<netclsd::cli::UsageAnswer>(&parsed)) return netclsd::cli::answer_usage(*answer);
  return netclsd::cli::run(std::get<netclsd::cli::Arguments>(parsed));
}
