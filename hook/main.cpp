// netclsd-hook: the agent puts a container's init into its network class before it runs.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <mutex>
#include <vector>

#include "common/base/fault_point.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "hook/hook.h"
#include "hook/placement/report.h"
#include "hook/sandbox.h"
#include "hook/watchdog.h"
#include "netclsd_version.h"

namespace netclsd::hook {
namespace {

constexpr int kWrongUsage = 2;

int tell(Information information) {
  if (information == Information::kHelp) std::fputs(hook_help().c_str(), stdout);
  if (information == Information::kVersion) std::printf("netclsd-hook %s (%s)\n", kVersion, kRevision);
  return 0;
}

int complain(const Error& error) {
  std::fprintf(stderr, "netclsd-hook: %s; see netclsd-hook --help\n", one_line(error.message()).c_str());
  return kWrongUsage;
}

// Written by the main thread, read by the watchdog's.
class SharedSubject {
 public:
  void set(const Subject& subject) {
    const std::lock_guard lock(mutex_);
    subject_ = subject;
  }
  Subject get() {
    const std::lock_guard lock(mutex_);
    return subject_;
  }

 private:
  std::mutex mutex_;
  Subject subject_;
};

// Before the hook reads anything that others wrote, and before it makes the watchdog's thread, which inherits the
// filter.
void confine(const HookOptions& options) {
  const auto confined = confine_hook(seccomp_mode(options));
  if (!confined)
    report(warned({}, "goes on without its seccomp filter: " + confined.error().message()), options.log_file);
}

int run(const HookOptions& options) {
  confine(options);
  const Deadline deadline = Deadline::after(options.timeout);
  SharedSubject subject;
  Watchdog watchdog(deadline.keeping(options.timeout / 50), [&] {  // the way out takes its time, too
    const Outcome outcome = failed(options, subject.get(), "not finished within " + format_duration(options.timeout));
    report(outcome, options.log_file);
    ::_exit(outcome.exit_status);
  });
  const HookWorld world{.ask_agent = [&](const ApiRequest& request,
                                         auto timeout) { return call_agent(options.socket, request, timeout); },
                        .mounting = mounting_at({.directory = options.mount, .spool = options.spool}),
                        .on_subject = [&](const Subject& known) { subject.set(known); }};
  const Outcome outcome = run_hook(options, world, deadline);
  watchdog.stop();
  report(outcome, options.log_file);
  return outcome.exit_status;
}

// An exception (no memory, no thread) ends here and by the policy: an abort would refuse the container.
int run_by_policy(const HookOptions& options) {
  try {
    return run(options);
  } catch (const std::exception& thrown) {
    const Subject unknown{.container = {}, .pod_namespace = {}, .is_release = options.stage == Stage::kPoststop};
    const Outcome outcome = failed(options, unknown, thrown.what());
    report(outcome, options.log_file);
    return outcome.exit_status;
  }
}

int run_with(const std::vector<std::string_view>& arguments) {
  if (const auto armed = arm_faults(); !armed) return complain(armed.error());
  const auto parsed = parse_hook_options(arguments);
  if (!parsed) return complain(parsed.error());
  if (const auto* information = std::get_if<Information>(&*parsed)) return tell(*information);
  return run_by_policy(std::get<HookOptions>(*parsed));
}

}  // namespace
}  // namespace netclsd::hook

int main(int argc, char** argv) {
  netclsd::open_standard_descriptors();
  ::signal(SIGPIPE, SIG_IGN);  // a runtime that no longer reads stderr must not turn our exit status into a signal
  return netclsd::hook::run_with(std::vector<std::string_view>(argv + std::min(argc, 1), argv + argc));
}
