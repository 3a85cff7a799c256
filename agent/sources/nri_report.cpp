#include "agent/sources/nri_report.h"

#include <utility>

#include "common/base/text.h"
#include "common/json/fields.h"

namespace netclsd {
namespace {

constexpr std::uint64_t kNriReportVersion = 1;
constexpr std::size_t kNriTextMax_bytes = 512;
constexpr std::size_t kNriTimeMax_bytes = 32;

constexpr const char* kConnected = "connected";
constexpr const char* kDisconnected = "disconnected";

Result<std::array<std::uint64_t, LatencyHistogram::kBuckets>> read_durations(const Json& object) {
  std::array<std::uint64_t, LatencyHistogram::kBuckets> durations{};
  const auto list = object.find("durations");
  if (list == object.end()) return durations;
  const std::string expected = "durations is not a list of " + std::to_string(durations.size()) + " whole numbers";
  if (!list->is_array() || list->size() != durations.size()) return invalid(expected);
  for (std::size_t i = 0; i < durations.size(); ++i) {
    if (!(*list)[i].is_number_unsigned()) return invalid(expected);
    durations[i] = (*list)[i].get<std::uint64_t>();
  }
  return durations;
}

Result<NriReport> read_report(const Json& object) {
  FieldReader fields(object);
  const auto version = fields.required_number("version", kAnyNumber);
  const auto pid = static_cast<std::int32_t>(fields.required_number("pid", kPidMax));
  NriReport report{.plugin = {Pid{pid}, StartTime{fields.required_number("start_time", kAnyNumber)}},
                   .runtime = printable(fields.text("runtime"), kNriTextMax_bytes),
                   .message = printable(fields.text("message"), kNriTextMax_bytes),
                   .since = printable(fields.text("since"), kNriTimeMax_bytes),
                   .program_version = printable(fields.text("program_version"), kNriTimeMax_bytes),
                   .reconnects = fields.number("reconnects", kAnyNumber).value_or(0),
                   .timeouts = fields.number("timeouts", kAnyNumber).value_or(0),
                   .duration_ns = fields.number("duration_ns", kAnyNumber).value_or(0)};
  for (std::size_t i = 0; i < kNriRequests.size(); ++i) {
    report.requests[i] = fields.number(std::string("requests.") + kNriRequests[i], kAnyNumber).value_or(0);
  }
  const std::string state = fields.required_text("state");
  report.is_connected = state == kConnected;
  if (fields.failed()) return fields.first_failure();
  if (version != kNriReportVersion) return invalid("version is not " + std::to_string(kNriReportVersion));
  if (pid == 0) return invalid("pid is 0");
  if (!report.is_connected && state != kDisconnected) {
    return invalid("state is " + in_quotes(state) + ", which is not known");
  }
  return report;
}

}  // namespace

Result<NriReport> parse_nri_report(std::string_view text) {
  const auto object = parse_json_object(text, "the report");
  if (!object) return pass_on(object.error());
  auto report = read_report(*object);
  if (!report) return report;
  const auto durations = read_durations(*object);
  if (!durations) return pass_on(durations.error());
  report->durations = *durations;
  return report;
}

NriView view_of(const NriReport& report, bool is_alive) {
  if (!is_alive) {
    return {.state = "gone",
            .message = "the plugin does not run",
            .runtime = report.runtime,
            .since = "",
            .version = report.program_version};
  }
  return {.state = report.is_connected ? kConnected : kDisconnected,
          .message = report.message,
          .runtime = report.runtime,
          .since = report.since,
          .version = report.program_version};
}

std::optional<HookRuntime> served_by(const NriReport& report) {
  const std::string name = report.runtime.substr(0, report.runtime.find(' '));
  if (name == "containerd") return HookRuntime::kContainerd;
  if (name == "cri-o" || name == "crio") return HookRuntime::kCrio;
  return std::nullopt;
}

void count_nri(const NriReport* report, bool is_alive, Counters& counters) {
  counters.nri_reported.set(report != nullptr ? 1 : 0);
  const NriReport none{.plugin = {}};
  const NriReport& now = report != nullptr ? *report : none;
  counters.nri_connected.set(is_alive && now.is_connected ? 1 : 0);
  for (std::size_t i = 0; i < kNriRequests.size(); ++i) {
    counters.nri_requests[static_cast<NriRequest>(i)].set(now.requests[i]);
  }
  counters.nri_reconnects.set(now.reconnects);
  counters.nri_timeouts.set(now.timeouts);
  counters.nri_durations.mirror(now.durations, now.duration_ns);
}

bool NriReportFile::look() {
  read();
  const std::optional<NriView> before = std::move(now_);
  now_.reset();
  is_alive_ = false;
  if (report_) {
    const auto facts = processes_.look_at(report_->plugin.pid);
    // A process that cannot be examined counts as alive.
    is_alive_ = !facts || (*facts && (*facts)->start_time == report_->plugin.start_time);
    now_ = view_of(*report_, is_alive_);
  } else if (!unreadable_because_.empty()) {
    now_ = NriView{.state = "unreadable", .message = unreadable_because_};
  }
  count_nri(report_ ? &*report_ : nullptr, is_alive_, counters_);
  return before != now_;
}

std::optional<HookRuntime> NriReportFile::serves() const {
  return is_alive_ && report_->is_connected ? served_by(*report_) : std::nullopt;
}

void NriReportFile::read() {
  const auto change = file_.look();
  if (change == WatchedFile::Change::kNone) return;
  report_.reset();
  unreadable_because_.clear();
  if (change == WatchedFile::Change::kGone) return;
  const auto& text = file_.content();
  auto report = text ? parse_nri_report(*text) : Result<NriReport>(pass_on(text.error()));
  if (!report) {
    unreadable_because_ = std::string(kNriReportName) + ": " + report.error().message();
    return;
  }
  report_ = *std::move(report);
}

}  // namespace netclsd
