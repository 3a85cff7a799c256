// netclsd-nri: an NRI plugin. The agent puts a container's init into its network class before it runs.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "common/base/fault_point.h"
#include "common/base/file.h"
#include "hook/placement/report.h"
#include "netclsd_version.h"
#include "nri/sandbox.h"
#include "nri/service.h"

namespace netclsd::nri {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

volatile sig_atomic_t must_end = 0;

int tell(Information information) {
  if (information == Information::kHelp) std::fputs(nri_help().c_str(), stdout);
  if (information == Information::kVersion) std::printf("netclsd-nri %s (%s)\n", kVersion, kRevision);
  return 0;
}

int complain(const Error& error) {
  std::fprintf(stderr, "netclsd-nri: %s; see netclsd-nri --help\n", hook::one_line(error.message()).c_str());
  return kWrongUsage;
}

// SIGTERM and SIGINT come only while the service sleeps. Returns the mask for that.
sigset_t take_signals() {
  struct sigaction action = {};
  action.sa_handler = [](int) { must_end = 1; };
  sigset_t ending;
  ::sigemptyset(&ending);
  for (const int signal : {SIGTERM, SIGINT}) {
    ::sigaction(signal, &action, nullptr);
    ::sigaddset(&ending, signal);
  }
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &ending, &before);
  for (const int signal : {SIGTERM, SIGINT}) ::sigdelset(&before, signal);
  return before;
}

int run(const NriOptions& options, const Plugin::Log& log) {
  const sigset_t while_asleep = take_signals();
  // Before anything is read that others wrote.
  if (auto confined = confine_nri(options.seccomp.value_or(SeccompMode::kKill)); !confined) {
    log("goes on without its seccomp filter: " + confined.error().message());
  }
  const hook::PlacingWorld world{
      .socket = options.socket,
      .spool = options.spool,
      .ask_agent = [&](const ApiRequest& request,
                       auto timeout) { return call_agent(options.socket, request, timeout); },
      .mounting = mounting_at({.directory = options.mount, .spool = options.spool})};
  Plugin plugin(options, world, log);
  const Pid self{::getpid()};
  Report report(options.report, {self, agents_start_time("/proc", self).value_or(StartTime{})});
  Service service(options, plugin, report, log, while_asleep);
  while (must_end == 0) {
    if (const auto done = service.step(); !done) {
      log(done.error().message());
      return kFailed;
    }
  }
  report.remove();
  log("ends; containers start without their class until it is back");
  return 0;
}

// The service and the plugin survive an exception. One that gets here ends the program, but not by an abort without a
// word.
int run_and_say_why_not(const NriOptions& options) {
  const auto log = [&](const std::string& line) {
    hook::write_report(hook::one_line("netclsd-nri: " + hook::explained(line, "the plugin's")), options.log_file);
  };
  try {
    return run(options, log);
  } catch (const std::exception& thrown) {
    log(std::string("ends by an exception: ") + thrown.what());
    return kFailed;
  }
}

int run_with(const std::vector<std::string_view>& arguments) {
  if (const auto armed = arm_faults(); !armed) return complain(armed.error());
  const auto parsed = parse_nri_options(arguments);
  if (!parsed) return complain(parsed.error());
  if (const auto* information = std::get_if<Information>(&*parsed)) return tell(*information);
  return run_and_say_why_not(std::get<NriOptions>(*parsed));
}

}  // namespace
}  // namespace netclsd::nri

int main(int argc, char** argv) {
  netclsd::open_standard_descriptors();
  ::signal(SIGPIPE, SIG_IGN);
  return netclsd::nri::run_with(std::vector<std::string_view>(argv + std::min(argc, 1), argv + argc));
}
