#include "agent/agent.h"

#include <netclsd_version.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "agent/kernel/namespaces.h"
#include "agent/kernel/scheduling.h"
#include "agent/logging/log.h"
#include "agent/node.h"
#include "agent/sandbox/seccomp.h"
#include "agent/service_manager.h"
#include "agent/state/state_directory.h"
#include "common/base/file.h"
#include "common/net_cls/kernel_version.h"

namespace netclsd {
namespace {

constexpr std::size_t kExaminationsPerRound = 256;  // between two looks at signals, timers and requests

constexpr std::size_t kSpooledBeforeReady = 100;  // entries, some 10 ms each; the loop takes up the rest

// One pidfd and one directory for each container.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void warn_of_old_kernel() {
  const std::string release = kernel_release();
  if (keeps_cgroup2_matching(release).value_or(true)) return;
  log_event(LogLevel::kWarning, "old_kernel", {{"release", release}, {"is", kBreaksCgroup2Matching}});
}

ClassPolicy policy_of(const Config& config) {
  return {.classes = config.classes,
          .default_class = config.default_class,
          .allowed = config.allowed_classids,
          .pods = config.policy};
}

}  // namespace

struct Agent::Resources {
  StateDirectory state;
  EventLoop loop;
  Signals signals;
  Timer second;
  UniqueFd proc;
  NetClsMount mount;
  UniqueFd groups;
  std::unique_ptr<Mailbox> mailbox;
  std::unique_ptr<WebAccess> web;

  static Result<Resources> open(const Config& config);
};

Result<Agent::Resources> Agent::Resources::open(const Config& config) {
  auto state = StateDirectory::open(config.state_dir);
  if (!state) return pass_on(state.error());
  auto mount = prepare_hierarchy(config);
  if (!mount) return pass_on(mount.error());
  auto groups = open_directory(mount->mount_point);
  if (!groups) return pass_on(groups.error());
  auto proc = open_directory("/proc");
  if (!proc) return pass_on(proc.error());
  auto loop = EventLoop::make();
  if (!loop) return pass_on(loop.error());
  auto signals = Signals::block();
  if (!signals) return pass_on(signals.error());
  auto second = Timer::every(std::chrono::seconds{1});
  if (!second) return pass_on(second.error());
  auto mailbox = Mailbox::create();
  if (!mailbox) return pass_on(mailbox.error());
  auto web = WebAccess::load(config.web_config);
  if (!web) return pass_on(web.error());
  return Resources{std::move(*state), std::move(*loop),   std::move(*signals), std::move(*second), std::move(*proc),
                   std::move(*mount), std::move(*groups), std::move(*mailbox), std::move(*web)};
}

Agent::Agent(CommandLine command_line, Config config, Resources resources)
    : command_line_(std::move(command_line)),
      config_(std::move(config)),
      lock_(std::move(resources.state.lock)),
      loop_(std::move(resources.loop)),
      signals_(std::move(resources.signals)),
      second_(std::move(resources.second)),
      procfs_(std::move(resources.proc)),
      cgroups_(MountedCgroups::open()),
      groups_(std::move(resources.groups)),
      store_(std::move(resources.state.containers)),
      spool_(std::move(resources.state.spool)),
      events_(loop_, procfs_.root(), counters_,
              {.self = Pid{::getpid()}, .receive_buffer_bytes = config_.receive_buffer_bytes}),
      exits_(loop_, [this](Pid init) { engine_.on_exit(init); }),
      options_{.self = Pid{::getpid()},
               .mount_point = resources.mount.mount_point,
               .place = {.mount_root = resources.mount.root, .parent = config_.net_cls.parent}},
      engine_(host(), options_, counters_),
      mailbox_(std::move(resources.mailbox)),
      service_(*mailbox_, engine_, counters_, readiness_, options_),
      web_(std::move(resources.web)),
      server_(server_options(), service_, counters_, readiness_) {}

ApiServerOptions Agent::server_options() {
  ApiServerOptions options;
  options.socket_path = config_.socket;
  options.state_dir = config_.state_dir;
  options.listen = config_.listen;
  options.socket_group = config_.socket_group;
  options.confine_thread = [this] { confine_server_thread(confinement_.seccomp); };
  if (web_->has_tls()) options.make_transport = [this] { return web_->make_transport(); };
  if (config_.web_config) {
    options.check_login = [this](std::string_view authorization) { return web_->check_login(authorization); };
  }
  return options;
}

Host Agent::host() { return {procfs_, cgroups_, groups_, clock_, exits_, events_, store_, spool_, reporter_}; }

Result<std::unique_ptr<Agent>> Agent::make(const CommandLine& command_line, const Config& config) {
  raise_descriptor_limit();
  auto resources = Resources::open(config);
  if (!resources) return pass_on(resources.error());
  std::unique_ptr<Agent> agent(new Agent(command_line, config, std::move(*resources)));
  // Before the first look at /proc: what is born in between is in one of the two.
  if (auto subscribed = agent->events_.subscribe(); !subscribed) return pass_on(subscribed.error());
  return agent;
}

Result<void> Agent::run() {
  for (auto added :
       {loop_.add(signals_.fd(), [this] { on_signal(); }), loop_.add(second_.fd(), [this] { on_second(); }),
        loop_.add(mailbox_->fd(), [this] { mailbox_->run_all(); })}) {
    if (!added) return added;
  }
  counters_.hook_registrations.add(kVersion, 0);  // every known label value is there from the start
  apply(config_);
  warn_of_old_kernel();
  if (auto listening = server_.listen(); !listening) return listening;
  if (auto confined = confine(); !confined) return confined;
  ask_for(Turns::kShort);  // only this thread: who waits for an answer can wait for its turn
  start_up();
  Result<void> waited;
  while (!is_stopping_ && waited) {
    const bool has_more = engine_.work(kExaminationsPerRound);
    engine_.tick();
    waited = loop_.wait(time_to_wait(has_more));
  }
  log_event(LogLevel::kInfo, "stopping", {{"containers", counters_.containers.value()}});
  readiness_.set({"stopping"});
  tell_stopping();
  mailbox_->close();
  server_.stop();
  return waited;
}

// The listening sockets are open. The server's threads inherit what this one has given up, and nobody makes a thread
// after them.
Result<void> Agent::confine() {
  const LandlockRules rules = reachable_files(command_line_, config_, options_.mount_point, web_->files());
  auto confined = confine_process(config_.sandbox, rules, events_);
  if (!confined) return pass_on(confined.error());
  confinement_ = std::move(*confined);
  service_.add_kernel_features(features_in_use(confinement_));
  if (auto serving = server_.serve(); !serving) return serving;
  if (auto filtered = confine_loop(confinement_.seccomp); !filtered) return filtered;
  log_event(LogLevel::kInfo, "confined",
            {{"capabilities", confinement_.capabilities},
             {"seccomp", to_string(confinement_.seccomp)},
             {"landlock_abi", confinement_.landlock_abi}});
  return {};
}

void Agent::start_up() {
  engine_.recover();
  engine_.look_into_spool();
  engine_.take_up_spool(kSpooledBeforeReady);
  has_swept_ = engine_.sweep(SweepCause::kStartup).has_value();
  update_readiness();
  if (!has_swept_) return;  // the sweep's failure is in the log
  log_event(LogLevel::kInfo, "ready",
            {{"socket", config_.socket},
             {"net_cls", options_.mount_point},
             {"containers", counters_.containers.value()},
             {"receive_buffer_bytes", counters_.receive_buffer_bytes.value()}});
}

void Agent::on_second() {
  second_.acknowledge();
  tell_alive();
  renew_web_access();
  engine_.look_into_spool();
  engine_.keep_unkept();
  if (!has_swept_) has_swept_ = engine_.sweep(SweepCause::kStartup).has_value();
  engine_.forget_ended();
  const auto pulse = events_.check_pulse(engine_);
  is_deaf_ = pulse == EventStream::Pulse::kDeaf;
  update_readiness();
  if (pulse == EventStream::Pulse::kAlive) return;
  log_event(LogLevel::kWarning, is_deaf_ ? "events_silent" : "events_heard_again",
            {{"resubscriptions", counters_.resubscriptions.value()}});
  engine_.distrust_events();
}

void Agent::update_readiness() {
  std::vector<std::string> reasons;
  if (!has_swept_) reasons.emplace_back("the first sweep has not succeeded yet");
  if (is_deaf_) reasons.emplace_back("the kernel sends no process events");
  if (!engine_.not_kept_because().empty()) reasons.push_back(engine_.not_kept_because());
  const bool is_ready = reasons.empty();
  if (is_ready && counters_.ready.value() == 0) tell_ready();
  counters_.ready.set(is_ready ? 1 : 0);
  readiness_.set(std::move(reasons));
}

void Agent::on_signal() {
  while (const auto signal = signals_.next()) {
    if (*signal == Signal::kReload) reload();
    if (*signal == Signal::kStop) is_stopping_ = true;
  }
}

void Agent::reload() {
  auto loaded = load_config(command_line_);
  if (!loaded) return refuse_reload(loaded.error());
  // Changes nothing if it fails, and is the last step that can.
  if (auto renewed = web_->reload(); !renewed) return refuse_reload(renewed.error());
  for (const std::string& key : restart_only_changes(config_, *loaded)) {
    log_event(LogLevel::kWarning, "config_needs_restart", {{"key", key}});
  }
  apply(*loaded);
  counters_.config_reloads.add();
  log_event(LogLevel::kInfo, "config_reloaded");
}

void Agent::refuse_reload(const Error& error) {
  counters_.config_reload_failures.add();
  log_event(LogLevel::kError, "config_reload_failed",
            {{"error", error.message()}, {"now", "the configuration stays as it was"}});
}

// A certificate is renewed by whoever renews it, who need not know of us.
void Agent::renew_web_access() {
  const auto renewed = web_->reload_if_changed();
  if (!renewed) return;
  if (!*renewed) return refuse_reload(renewed->error());
  log_event(LogLevel::kInfo, "web_config_reloaded");
}

// Registered containers keep their class; what is registered from now on follows the new policy.
void Agent::apply(const Config& config) {
  engine_.set_policy(policy_of(config));
  engine_.set_audit_interval(config.audit_interval);
  nap_.set_length(std::chrono::ceil<std::chrono::milliseconds>(config.event_nap));
  set_log_level(config.log.level);
}

// Requests, signals, timers and ended inits end each wait. Events do, unless there are so many that they had better
// gather.
std::chrono::milliseconds Agent::time_to_wait(bool has_more) {
  const MonotonicTime now = clock_.monotonic();
  const bool naps = nap_.is_due(now, events_.received());
  events_.let_gather(naps);
  // In a storm each wake-up costs more than it gains.
  if (naps != std::exchange(is_napping_, naps)) ask_for(naps ? Turns::kOrdinary : Turns::kShort);
  if (has_more) return std::chrono::milliseconds{0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(engine_.next_deadline() - now);
  return std::max(naps ? std::min(left, nap_.length()) : left, std::chrono::milliseconds{0});
}

}  // namespace netclsd
