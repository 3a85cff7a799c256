#include "agent/agent.h"

#include <netclsd_version.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/confinement/seccomp.h"
#include "agent/host/event_loop.h"
#include "agent/host/service_manager.h"
#include "agent/host/surroundings.h"
#include "agent/logging/log.h"
#include "agent/node.h"
#include "agent/state_directory.h"
#include "common/base/file.h"

namespace netclsd {
namespace {

// What was renamed away may be put back.
constexpr int kSecondsMissingMax = 3;

// One pidfd for each container.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

ClassPolicy policy_of(const Config& config) {
  return {.classes = config.classes,
          .default_class = config.default_class,
          .allowed = config.allowed_classids,
          .pods = config.policy};
}

Result<NetClsRoot> open_root(const Hierarchy& hierarchy) {
  if (hierarchy.is_own) return NetClsRoot(hierarchy.mount.mount_point);
  auto root = open_directory(hierarchy.mount.mount_point);
  return root ? Result<NetClsRoot>(NetClsRoot(std::move(*root))) : pass_on(root.error());
}

std::optional<CarryWantedView> carry_wanted(const Config& config) {
  if (!config.carry) return std::nullopt;
  return CarryWantedView{.to_mark = config.carry->to_mark,
                         .to_priority = config.carry->to_priority,
                         .by_map = config.carry->values.has_value()};
}

}  // namespace

struct Agent::Resources {
  StateDirectory state;
  EventLoop loop;
  Signals signals;
  Timer second;
  UniqueFd proc;
  Hierarchy hierarchy;
  NetClsRoot groups;
  std::unique_ptr<Mailbox> mailbox;
  std::unique_ptr<WebAccess> web;

  static Result<Resources> open(const Config& config);
};

Result<Agent::Resources> Agent::Resources::open(const Config& config) {
  auto state = StateDirectory::open(config.state_dir);
  if (!state) return pass_on(state.error());
  auto hierarchy = prepare_hierarchy(config);
  if (!hierarchy) return pass_on(hierarchy.error());
  auto groups = open_root(*hierarchy);
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
  return Resources{std::move(*state),     std::move(*loop),   std::move(*signals), std::move(*second), std::move(*proc),
                   std::move(*hierarchy), std::move(*groups), std::move(*mailbox), std::move(*web)};
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
      state_directory_(std::move(resources.state.directory)),
      events_(loop_, procfs_.root(), counters_,
              {.self = Pid{::getpid()}, .receive_buffer_bytes = config_.receive_buffer_bytes}),
      exits_(loop_, [this](Pid init) { engine_.on_exit(init); }),
      options_{.self = Pid{::getpid()},
               .mount_point = resources.hierarchy.mount.mount_point,
               .place = {.mount_root = resources.hierarchy.mount.root, .parent = config_.net_cls.parent}},
      engine_(host(), options_, counters_),
      node_reports_(reports_, state_directory_, procfs_, counters_, engine_),
      carry_wait_(state_directory_, reports_.carry, counters_),
      mailbox_(std::move(resources.mailbox)),
      service_(*mailbox_, engine_, counters_, readiness_, reports_, options_, groups_.root(), carry_wait_),
      web_(std::move(resources.web)),
      server_(server_options(), service_, counters_, readiness_) {}

ApiServerOptions Agent::server_options() {
  ApiServerOptions options;
  options.socket_path = config_.socket;
  options.state_dir = config_.state_dir;
  options.listen = config_.listen;
  options.socket_group = config_.socket_group;
  options.confine_thread = [this] { return confine_server_thread(confinement_.seccomp); };
  if (web_->has_tls()) options.make_transport = [this] { return web_->make_transport(); };
  if (config_.web_config) {
    options.check_login = [this](std::string_view authorization) { return web_->check_login(authorization); };
  }
  return options;
}

ContainersHost Agent::host() {
  return {{procfs_, cgroups_, groups_, clock_, exits_, events_, reporter_}, store_, spool_, reporter_};
}

Result<std::unique_ptr<Agent>> Agent::make(const CommandLine& command_line, const Config& config) {
  raise_descriptor_limit();
  if (auto expected = expect_initial_time("/proc"); !expected) return pass_on(expected.error());
  auto resources = Resources::open(config);
  if (!resources) return pass_on(resources.error());
  // Who needs it will have it mounted: an agent without privileges, in a pod that was not prepared anew, can wait.
  if (const std::string& why = resources->hierarchy.not_mounted_because; !why.empty()) {
    log_event(LogLevel::kWarning, "net_cls_not_mounted", {{"reason", why}});
  }
  std::unique_ptr<Agent> agent(new Agent(command_line, config, std::move(*resources)));
  // Before the first look at /proc: what is born in between is in one of the two.
  if (auto subscribed = agent->subscribe(); !subscribed) return pass_on(subscribed.error());
  return agent;
}

// Any user can silence the events before an agent starts, and no restart would change that. So it starts deaf if need
// be, as it would go on if it ran: hooks are answered, /proc is swept once a second, and Engine::on_second() goes on
// subscribing.
Result<void> Agent::subscribe() {
  const auto pulse = events_.subscribe();
  if (!pulse) return pass_on(pulse.error());
  if (*pulse == Pulse::kAlive) return {};
  log_event(LogLevel::kWarning, "events_silent", {{"resubscriptions", 0}, {"now", "subscribing anew"}});
  tell_pulse(events_.subscribe_patiently());
  return {};
}

Result<void> Agent::run() {
  for (auto added :
       {loop_.add(signals_.fd(), [this] { on_signal(); }), loop_.add(second_.fd(), [this] { on_second(); }),
        loop_.add(mailbox_->fd(), [this] { mailbox_->run_some(); })}) {
    if (!added) return added;
  }
  counters_.hook_registrations.add(kVersion, 0);  // every known label value is there from the start
  apply(config_);
  node_reports_.look_at_kernel();
  if (auto listening = server_.listen(); !listening) return listening;
  if (auto noted = note_presence(); !noted) return noted;
  if (auto confined = confine(); !confined) return confined;
  ask_for(Turns::kShort);  // only this thread: who waits for an answer can wait for its turn
  node_reports_.look_at_reports();
  engine_.start();
  update_readiness();
  Result<void> waited;
  while (!is_stopping_ && waited) {
    const bool has_more = engine_.round();
    waited = loop_.wait(time_to_wait(has_more));
  }
  log_event(LogLevel::kInfo, "stopping", {{"containers", counters_.containers.value()}});
  readiness_.set({"stopping"});
  tell_stopping();
  mailbox_->close();
  server_.stop();
  return is_lost() ? failure(ErrorCode::kConflict, missing_ + " while the agent ran: nobody finds it any more")
                   : waited;
}

Result<void> Agent::note_presence() {
  for (const auto& [what, path] : {std::pair{"socket", config_.socket}, std::pair{"state directory", config_.state_dir},
                                   std::pair{"state directory", config_.state_dir + "/containers"},
                                   std::pair{"spool", config_.state_dir + "/spool"}}) {
    if (auto noted = presence_.expect(what, path); !noted) return noted;
  }
  return {};
}

// The listening sockets are open. The server's threads inherit what this one has given up, and nobody makes a thread
// after them.
Result<void> Agent::confine() {
  const LandlockRules rules = reachable_files(command_line_, config_, options_.mount_point, web_->files());
  auto confined = confine_process(config_.sandbox, rules, events_);
  if (!confined) return pass_on(confined.error());
  // Only now: root with its capabilities sees all, however /proc is mounted.
  if (!procfs_.check_sight()) return failure(ErrorCode::kSystem, explain_hidden_processes(procfs_.root()));
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

void Agent::on_second() {
  second_.acknowledge();
  tell_alive();
  renew_web_access();
  engine_.on_second();
  tell_pulse(engine_.pulse());
  check_sight();
  check_presence();
  node_reports_.on_second();
  update_readiness();
}

void Agent::tell_pulse(Pulse pulse) const {
  if (pulse == Pulse::kAlive) return;
  if (pulse == Pulse::kDeaf) {
    return log_event(LogLevel::kWarning, "events_silent",
                     {{"resubscriptions", counters_.resubscriptions.value()}, {"reason", events_.deaf_because()}});
  }
  log_event(LogLevel::kWarning, "events_heard_again", {{"resubscriptions", counters_.resubscriptions.value()}});
}

// Somebody may mount /proc anew while the agent runs.
void Agent::check_sight() {
  const bool was_blind = !hidden_because_.empty();
  hidden_because_ = procfs_.check_sight() ? "" : explain_hidden_processes(procfs_.root());
  const bool is_blind = !hidden_because_.empty();
  if (is_blind == was_blind) return;
  log_event(LogLevel::kWarning, is_blind ? "processes_hidden" : "processes_seen_again", {{"reason", hidden_because_}});
  if (was_blind) engine_.distrust_events();  // what happened meanwhile could not be looked at
}

// A socket cannot be made any more (seccomp), nor a directory outside of those that were ours (Landlock): whoever
// starts the agent anew has them made.
void Agent::check_presence() {
  missing_ = presence_.missing();
  seconds_missing_ = missing_.empty() ? 0 : seconds_missing_ + 1;
  if (seconds_missing_ == 1) log_event(LogLevel::kError, "not_found_any_more", {{"reason", missing_}});
  if (is_lost()) is_stopping_ = true;
}

bool Agent::is_lost() const { return seconds_missing_ >= kSecondsMissingMax; }

void Agent::update_readiness() {
  std::vector<std::string> reasons;
  if (!engine_.has_swept()) reasons.emplace_back("the first sweep has not succeeded yet");
  if (events_.is_deaf()) reasons.emplace_back("the kernel sends no process events");
  if (!engine_.unread_because().empty()) reasons.push_back(engine_.unread_because());
  if (!hidden_because_.empty()) reasons.push_back(hidden_because_);
  if (!engine_.not_kept_because().empty()) reasons.push_back(engine_.not_kept_because());
  if (!missing_.empty()) reasons.push_back(missing_);
  const bool is_ready = reasons.empty();
  if (is_ready && counters_.ready.value() == 0) log_ready();
  // Deaf, it has started as far as it can: who waits for the service, as containerd does at boot, had better go on.
  const bool has_started = is_ready || (engine_.has_swept() && events_.is_deaf());
  if (has_started && !std::exchange(has_told_start_, true)) tell_ready();
  counters_.ready.set(is_ready ? 1 : 0);
  readiness_.set(std::move(reasons));
}

void Agent::log_ready() const {
  log_event(LogLevel::kInfo, "ready",
            {{"socket", config_.socket},
             {"net_cls", options_.mount_point},
             {"net_cls_mounted", groups_.root().is_mounted()},
             {"containers", counters_.containers.value()},
             {"receive_buffer_bytes", counters_.receive_buffer_bytes.value()},
             {"receive_buffer_events", counters_.receive_buffer_events.value()}});
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
  reports_.carry_wanted.set(carry_wanted(config));
  if (groups_.root().is_own()) tell_who_mounts(config);
}

// With a default class the hierarchy stays. What needs a restart stays as it is.
void Agent::tell_who_mounts(const Config& config) {
  Config now = config_;
  now.default_class = config.default_class;
  if (const auto written = write_mount_settings(now); !written) {
    log_event(LogLevel::kError, "mount_settings_not_written", {{"error", written.error().message()}});
  }
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
