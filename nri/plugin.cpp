#include "nri/plugin.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "common/model/annotations.h"
#include "common/proc/proc.h"
#include "hook/placement/init.h"
#include "hook/placement/report.h"

namespace netclsd::nri {
namespace {

using hook::Deadline;
using hook::Placed;
using std::chrono::milliseconds;

constexpr std::size_t kWaitingMax = kListedMax;
// While one that runs is registered, the next one that starts has to wait. Both together must fit into the runtime's
// 2 s: 0.6 s at most for the former, 1.25 s for the latter.
constexpr milliseconds kRunningTimeout{500};
constexpr milliseconds kRunningReserve{100};  // for what is done without the agent
constexpr milliseconds kRetryMin{100};
constexpr milliseconds kRetryMax{800};  // an agent that is back is found within a second

// What the container says of itself replaces what its pod says to all: both keys, or they would contradict each other.
Annotations merged(const Subject& subject) {
  Annotations annotations = subject.pod.annotations;
  const Annotations& own = subject.container.annotations;
  if (own.contains(kClassAnnotation) || own.contains(kClassIdAnnotation)) {
    annotations.erase(kClassAnnotation);
    annotations.erase(kClassIdAnnotation);
  }
  for (const auto& [key, value] : own) annotations.insert_or_assign(key, value);
  set_identity(annotations,
               {.pod_namespace = subject.pod.name_space, .pod = subject.pod.name, .container = subject.container.name});
  return annotations;
}

// The runtimes' own keys among the container's annotations; a pod cannot write those.
bool is_pause_container(const Subject& subject) {
  if (subject.container.id == subject.pod.id) return true;
  const auto identity = pod_identity(subject.container.annotations);
  return identity && identity->is_sandbox;
}

bool is_alive(const Container& container) {
  const auto state = static_cast<ContainerState>(container.state);
  return state != ContainerState::kStopped && container.pid.value != 0;
}

hook::Registration registration_of(const Subject& subject, ContainerId id, const ProcessStat& init,
                                   const std::string& proc, const Annotations& annotations) {
  return {.id = std::move(id),
          .request = {.pid = init.pid,
                      .start_time = in_initial_time(proc, init.start_time),
                      .bundle = {},
                      .annotations = hook::deciding(annotations),
                      .spec_classid = {},
                      .cgroups_path = subject.container.cgroups_path,
                      .source = RegistrationSource::kNri},
          .wanted = {},
          .is_pod_known = pod_identity(annotations).has_value()};
}

}  // namespace

Result<Reading> read_registration(const Subject& subject, const std::string& proc) {
  if (!is_alive(subject.container) || is_pause_container(subject)) return Reading{};
  auto id = ContainerId::parse(subject.container.id);
  if (!id) return pass_on(id.error());
  const auto init = hook::read_init(proc, subject.container.pid);
  if (!init) return pass_on(init.error());
  constexpr const char* kFirstOfHost = "1";
  if (hook::shares_mounts(proc, init->pid, kFirstOfHost)) {
    return Reading{.registration = {}, .remark = hook::nothing_to_place_because(*init)};
  }
  const Annotations annotations = merged(subject);
  auto wanted = class_request(annotations, std::nullopt);
  if (!wanted) return pass_on(wanted.error());
  auto registration = registration_of(subject, *std::move(id), *init, proc, annotations);
  registration.wanted = *std::move(wanted);
  return Reading{.registration = std::move(registration)};
}

// An exception (no memory, no descriptor) ends here and by the policy: a plugin that ended would let the container
// start also where it must not.
std::optional<std::string> Plugin::start(const Subject& subject, Clock::time_point received_at,
                                         milliseconds request_timeout, bool init_waits) {
  try {
    return register_starting(subject, received_at, request_timeout, init_waits);
  } catch (const std::exception& thrown) {
    auto refusal = fail(subject, std::string("an exception: ") + thrown.what());
    if (!refusal) add_running(subject);
    return refusal;
  }
}

std::optional<std::string> Plugin::register_starting(const Subject& subject, Clock::time_point received_at,
                                                     milliseconds request_timeout, bool init_waits) {
  auto read = read_registration(subject, world_.proc);
  if (!read) return fail(subject, read.error().message());
  if (!read->remark.empty()) say(subject, read->remark);
  if (!read->registration) return std::nullopt;
  const Deadline answer_by(received_at + std::min(options_.timeout, request_timeout / 2));
  read->registration->request.init_waits = init_waits;
  const Deadline end(received_at + request_timeout * 5 / 8);
  const Placed placed = hook::register_container(*read->registration, world_, answer_by, end);
  const bool is_failure = placed.how == Placed::How::kRefused || placed.how == Placed::How::kWithoutAgent;
  if (!is_failure && !placed.line.empty()) say(subject, placed.line);
  if (!is_failure) return std::nullopt;
  auto refusal = fail(subject, placed.line);
  if (!refusal && !placed.is_kept) wait_for_agent(*std::move(read->registration));
  return refusal;
}

void Plugin::add_running(const Subject& subject) {
  auto read = read_registration(subject, world_.proc);
  // One that has ended since is no news.
  if (!read && read.error().code() != ErrorCode::kConflict) say(subject, read.error().message());
  if (read && read->registration && read->registration->wanted) wait_for_agent(*std::move(read->registration));
}

std::optional<Plugin::Clock::time_point> Plugin::next_due() const {
  return waiting_.empty() ? std::nullopt : std::optional(due_);
}

void Plugin::register_next() {
  if (waiting_.empty()) return;
  hook::Registration registration = std::move(waiting_.front());
  waiting_.pop_front();
  const auto init = hook::read_init(world_.proc, registration.request.pid);
  const bool is_same = init && in_initial_time(world_.proc, init->start_time) == registration.request.start_time;
  if (!is_same) return;
  const Deadline answer_by = Deadline::after(kRunningTimeout);
  const Placed placed = hook::register_container(registration, world_, answer_by, answer_by.keeping(-kRunningReserve));
  if (!placed.line.empty() && (placed.is_kept || pause_ == milliseconds{0})) {
    log_("container " + registration.id.text() + ": " + placed.line);
  }
  pause_ = placed.is_kept ? milliseconds{0} : std::clamp(2 * pause_, kRetryMin, kRetryMax);
  due_ = Clock::now() + pause_;
  if (!placed.is_kept) waiting_.push_back(std::move(registration));
}

void Plugin::say(const Subject& subject, std::string_view what) {
  std::string line = "container " + subject.container.id + ": ";
  log_(line.append(what));
}

std::optional<std::string> Plugin::fail(const Subject& subject, std::string_view what) {
  const bool is_denied = hook::is_denied(options_.on_failure, options_.deny_exempt_namespaces, subject.pod.name_space);
  say(subject, std::string(what) + (is_denied ? "; the container is refused" : "; the container starts"));
  if (!is_denied) return std::nullopt;
  return hook::one_line("netclsd: " + std::string(what));
}

void Plugin::wait_for_agent(hook::Registration registration) {
  registration.request.init_waits = false;
  const auto is_it = [&](const hook::Registration& other) { return other.id == registration.id; };
  std::erase_if(waiting_, is_it);
  if (waiting_.size() >= kWaitingMax) return log_("container " + registration.id.text() + ": too many wait");
  if (waiting_.empty()) due_ = Clock::now() + pause_;
  waiting_.push_back(std::move(registration));
}

}  // namespace netclsd::nri
