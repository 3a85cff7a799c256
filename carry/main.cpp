// netclsd-carrier: carries the class of a packet's socket over the veth, for the containers that the agent has
// registered.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <variant>

#include "agent/config/config.h"
#include "agent/logging/log.h"
#include "agent/logging/log_line.h"
#include "carry/carrier.h"
#include "carry/options.h"
#include "carry/sandbox.h"
#include "carry/service.h"
#include "common/base/fault_point.h"
#include "common/base/file.h"
#include "common/proc/proc.h"

namespace netclsd::carry {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr int kDegraded = 3;
constexpr mode_t kForRootAlone = 0700;

Asked asked;  // by signals

int fail(const std::string& message, int exit_code = kFailed) {
  static_cast<void>(LineWriter(STDERR_FILENO).write("netclsd-carrier: " + message + "\n"));
  return exit_code;
}

// Signals come only while the loop sleeps. Returns the mask for that.
sigset_t take_signals() {
  struct sigaction ending = {};
  ending.sa_handler = [](int) { asked.to_end = 1; };
  struct sigaction reloading = {};
  reloading.sa_handler = [](int) { asked.to_reload = asked.to_reload + 1; };
  sigset_t ours;
  ::sigemptyset(&ours);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    ::sigaction(signal, signal == SIGHUP ? &reloading : &ending, nullptr);
    ::sigaddset(&ours, signal);
  }
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &ours, &before);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigdelset(&before, signal);
  return before;
}

void log_detail(std::string_view event, const std::string& detail) {
  log_event(LogLevel::kWarning, event, {{"what", detail}});
}

// Registrations have pids of the initial namespace, whose number is a constant of the kernel (include/linux/proc_ns.h).
Result<void> expect_initial_pids() {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/ns/pid", error).string();
  if (error || own == "pid:[4026531836]") return {};
  return failure(ErrorCode::kUnavailable, "it needs the host's pid namespace (hostPID), and is in " + own);
}

struct StateDirectory {
  std::string path;
  UniqueFd directory;
};

struct Ready {
  PinDirectories pins;
  UniqueFd lock;
  RouteSocket route;
  LoadedProgram program;
};

Result<Ready> get_ready(const CarryOptions& options) {
  if (auto initial = expect_initial_pids(); !initial) return pass_on(initial.error());
  if (auto mounted = expect_bpf_file_system(options.bpffs); !mounted) return pass_on(mounted.error());
  PinDirectories pins{options.bpffs + "/netclsd"};
  if (auto made = make_top_directory(pins); !made) return pass_on(made.error());
  auto lock = lock_top_directory(pins);
  if (!lock) return pass_on(lock.error());
  auto route = RouteSocket::open();
  if (!route) return pass_on(route.error());
  auto program = LoadedProgram::load(pins, log_detail);
  if (!program) return pass_on(program.error());
  return Ready{std::move(pins), *std::move(lock), *std::move(route), *std::move(program)};
}

// Whoever looks at the report learns why there is no carrier. If there is another one, the report is that one's.
int fail_and_report(Report& report, const Error& error) {
  if (error.code() == ErrorCode::kConflict) return fail(error.message());
  static_cast<void>(report.say_failed(error.message()));
  return fail(error.message());
}

int serve(const CarryOptions& options, const Config& config, const StateDirectory& state, Report& report,
          const sigset_t& while_asleep) {
  auto ready = get_ready(options);
  if (!ready) return fail_and_report(report, ready.error());
  KernelMaps maps(ready->program);
  Carrier carrier(ready->program, ready->pins, ready->route, maps, kernel_has_tcx());
  carrier.configure(config.carry);
  auto service =
      Service::open({options.config_file, state.path}, config, carrier, report, state.directory, asked, while_asleep);
  if (!service) return fail_and_report(report, service.error());
  const auto rules = carry_files(options.config_file.value_or(kDefaultConfigFile), state.path, ready->pins.top);
  if (auto confined = confine_carrier(config.sandbox, rules); !confined)
    return fail_and_report(report, confined.error());
  const auto ran = service->run();
  return ran ? 0 : fail(ran.error().message());
}

Result<StateDirectory> open_state(const std::string& path) {
  if (auto made = make_directories(path + "/containers", kForRootAlone); !made) return pass_on(made.error());
  auto opened = open_directory(path);
  if (!opened) return pass_on(opened.error());
  return StateDirectory{path, *std::move(opened)};
}

ProcessKey own_key() {
  const Pid self{::getpid()};
  const auto stat = read_process_stat("/proc", self);
  const auto started = stat && *stat ? in_initial_time("/proc", (*stat)->start_time) : std::nullopt;
  return {self, started.value_or(StartTime{})};
}

int run(const CarryOptions& options, const Config& config) {
  configure_logging(config.log.level, config.log.format);
  const sigset_t while_asleep = take_signals();
  const auto state = open_state(options.state_dir.value_or(config.state_dir));
  if (!state) return fail(state.error().message());
  Report report(state->directory, own_key());
  return serve(options, config, *state, report, while_asleep);
}

// Works also if the agent has gone for good, and its configuration with it.
int clean_up(const CarryOptions& options, const std::string& state_dir) {
  if (auto mounted = expect_bpf_file_system(options.bpffs); !mounted) return fail(mounted.error().message());
  auto ready = get_ready(options);
  if (!ready) return fail(ready.error().message());
  KernelMaps maps(ready->program);
  Carrier carrier(ready->program, ready->pins, ready->route, maps, kernel_has_tcx());
  if (auto taken = carrier.take_back(); !taken) return fail(taken.error().message(), kDegraded);
  if (auto removed = remove_top_directory(ready->pins); !removed) return fail(removed.error().message(), kDegraded);
  if (const auto directory = open_directory(state_dir)) {
    static_cast<void>(remove_file_at(*directory, kReportName));
    static_cast<void>(remove_file_at(*directory, kCarryLookedName));
  }
  return 0;
}

int run_with(const CarryOptions& options) {
  const auto config = load_config(options.config_file);
  if (options.cleans_up) {
    return clean_up(options, options.state_dir.value_or(config ? config->state_dir : Config{}.state_dir));
  }
  return config ? run(options, *config) : fail(config.error().message());
}

int run_and_say_why_not(const CarryOptions& options) {
  try {
    return run_with(options);
  } catch (const std::exception& thrown) {
    return fail(std::string("ends by an exception: ") + thrown.what());
  }
}

}  // namespace
}  // namespace netclsd::carry

int main(int argc, char** argv) {
  using namespace netclsd::carry;  // NOLINT(google-build-using-namespace): the whole file is the program's face
  netclsd::open_standard_descriptors();
  if (const auto armed = netclsd::arm_faults(); !armed) return fail(armed.error().message(), kWrongUsage);
  const auto parsed = parse_carry_options(argc, argv);
  if (const auto* early = std::get_if<EarlyExit>(&parsed)) {
    std::fputs(early->text.c_str(), early->exit_code == 0 ? stdout : stderr);
    return early->exit_code;
  }
  return run_and_say_why_not(std::get<CarryOptions>(parsed));
}
