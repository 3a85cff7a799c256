#include "nri/session.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "common/base/text.h"
#include "common/model/runtime_version.h"

namespace netclsd::nri {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kUsualRequestTimeout{2'000};  // containerd 1.7 says 0, and means this
constexpr milliseconds kRequestTimeoutMax{60'000};
constexpr std::size_t kSeenMax = 1'000;  // containers between their StartContainer and PostStartContainer

std::string answer(std::uint32_t stream, const Answer& what) {
  return to_frames(
      {.channel = Channel::kPlugin, .stream = stream, .type = MessageType::kResponse, .payload = to_bytes(what)});
}

std::string done(std::uint32_t stream, std::string body = {}) {
  return answer(stream, {.status = 0, .message = {}, .body = std::move(body)});
}

std::string failed(std::uint32_t stream, Status status, std::string_view why) {
  return answer(stream, {.status = static_cast<std::uint32_t>(status), .message = std::string(why), .body = {}});
}

// Synchronize tells pods and containers apart; a container names its pod.
std::vector<Subject> matched(Listing listing) {
  std::map<std::string, Pod> pods;
  for (Pod& pod : listing.pods) pods.insert_or_assign(pod.id, std::move(pod));
  std::vector<Subject> subjects;
  for (Container& container : listing.containers) {
    const auto pod = pods.find(container.pod_id);
    if (pod != pods.end()) subjects.push_back({pod->second, std::move(container)});
  }
  return subjects;
}

Result<void> take_answer(const Message& message) {
  const auto answered = parse_answer(message.payload);
  if (!answered) return pass_on(answered.error());
  if (answered->status == 0) return {};
  return failure(ErrorCode::kUnavailable,
                 "the runtime does not register the plugin: " + printable(answered->message, 4 * kPrintableMax_bytes) +
                     " (status " + std::to_string(answered->status) + ")");
}

}  // namespace

std::string Session::hello(std::string_view name, std::string_view index) {
  const Call call{.service = kRuntimeService, .method = "RegisterPlugin", .body = register_plugin_body(name, index)};
  return to_frames(
      {.channel = Channel::kRuntime, .stream = 1, .type = MessageType::kRequest, .payload = to_bytes(call)});
}

std::string Session::let_start(std::uint32_t stream) { return done(stream); }

std::string Session::refuse(std::uint32_t stream, std::string_view why) {
  return failed(stream, Status::kFailedPrecondition, why);
}

Result<Received> Session::receive(std::string_view bytes) {
  const auto messages = frames_.read(bytes);
  if (!messages) return pass_on(messages.error());
  Received received;
  for (const Message& message : *messages) {
    if (auto taken = take(message, received); !taken) return pass_on(taken.error());
  }
  return received;
}

Result<void> Session::take(const Message& message, Received& received) {
  const bool is_answer = message.channel == Channel::kRuntime && message.type == MessageType::kResponse;
  if (is_answer) return take_answer(message);
  if (message.channel != Channel::kPlugin || message.type != MessageType::kRequest) return {};
  const auto call = parse_call(message.payload);
  if (!call) return pass_on(call.error());
  return take_call(message.stream, *call, received);
}

Result<void> Session::take_call(std::uint32_t stream, const Call& call, Received& received) {
  const bool is_ours = call.service == kPluginService;
  if (is_ours && call.method == "Configure") return configure(stream, call, received);
  if (is_ours && call.method == "Synchronize") return synchronize(stream, call, received);
  if (is_ours && call.method == "StateChange") return change_state(stream, call, received);
  for (const auto& [method, event] : {std::pair("StartContainer", Event::kStartContainer),
                                      std::pair("PostStartContainer", Event::kPostStartContainer)}) {
    if (!is_ours || call.method != method) continue;
    auto subject = parse_subject(call.body);
    if (!subject) return pass_on(subject.error());
    take_event(stream, static_cast<std::uint32_t>(event), *std::move(subject), received);
    return {};
  }
  const bool is_shutdown = is_ours && call.method == "Shutdown";  // the connection ends next
  received.to_send += is_shutdown ? done(stream) : failed(stream, Status::kUnimplemented, "no such method");
  return {};
}

Result<void> Session::configure(std::uint32_t stream, const Call& call, Received& received) {
  const auto configuration = parse_configuration(call.body);
  if (!configuration) return pass_on(configuration.error());
  runtime_ = printable(configuration->runtime) + " " + printable(configuration->version);
  const std::string refusal = refusal_of(configuration->runtime, configuration->version);
  if (!refusal.empty()) return failure(ErrorCode::kForbidden, refusal);
  const bool is_said = configuration->request_timeout > milliseconds{0};
  request_timeout_ = is_said ? std::min(configuration->request_timeout, kRequestTimeoutMax) : kUsualRequestTimeout;
  received.to_send += done(stream, configured_body({Event::kStartContainer, Event::kPostStartContainer}));
  return {};
}

Result<void> Session::synchronize(std::uint32_t stream, const Call& call, Received& received) {
  auto part = parse_listing(call.body);
  if (!part) return pass_on(part.error());
  std::move(part->pods.begin(), part->pods.end(), std::back_inserter(listing_.pods));
  std::move(part->containers.begin(), part->containers.end(), std::back_inserter(listing_.containers));
  if (std::max(listing_.pods.size(), listing_.containers.size()) > kListedMax) {
    return failure(ErrorCode::kTooLarge, "the runtime lists more than " + std::to_string(kListedMax) + " containers");
  }
  // A runtime that sends parts drops a plugin that does not say it in its turn.
  received.to_send += done(stream, listed_body(part->has_more));
  if (part->has_more) return {};
  ++received.requests.synchronize;
  for (Subject& subject : matched(std::exchange(listing_, {}))) received.running.push_back(std::move(subject));
  is_synchronized_ = true;
  return {};
}

Result<void> Session::change_state(std::uint32_t stream, const Call& call, Received& received) {
  auto change = parse_state_change(call.body);
  if (!change) return pass_on(change.error());
  take_event(stream, change->event, std::move(change->subject), received);
  return {};
}

void Session::take_event(std::uint32_t stream, std::uint32_t event, Subject subject, Received& received) {
  if (event == static_cast<std::uint32_t>(Event::kStartContainer)) {
    ++received.requests.start_container;
    remember(subject.container.id);
    received.starting.push_back({stream, std::move(subject)});
    return;
  }
  received.to_send += done(stream);
  // Some runtimes list their containers before they count the plugin in. A start in between is missed, but not this.
  const bool is_news = event == static_cast<std::uint32_t>(Event::kPostStartContainer);
  received.requests.post_start_container += is_news ? 1 : 0;
  if (is_news && !forget(subject.container.id)) received.running.push_back(std::move(subject));
}

void Session::remember(const std::string& id) {
  seen_.push_back(id);
  if (seen_.size() > kSeenMax) seen_.pop_front();
}

bool Session::forget(const std::string& id) { return std::erase(seen_, id) > 0; }

std::string refusal_of(std::string_view runtime, std::string_view version) {
  if (runtime != "containerd" || !is_too_old_for_nri(version)) return {};
  if (version.starts_with('v')) version.remove_prefix(1);
  return "containerd " + printable(version) + " is too old for NRI: before 1.7.16 it can lock up when a plugin " +
         "registers; use the hook (netclsctl hook install)";
}

}  // namespace netclsd::nri
