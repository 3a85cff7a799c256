#include "agent/sources/hook_report.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/json/fields.h"

namespace netclsd {
namespace {

constexpr std::uint64_t kReportVersion = 1;
constexpr std::size_t kRuntimesMax = 16;
constexpr std::size_t kMessageMax_bytes = 512;
constexpr std::size_t kTimeMax_bytes = 32;

template <typename Label, std::size_t N>
std::optional<Label> find_label(const std::array<const char*, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? std::nullopt : std::optional(static_cast<Label>(found - names.begin()));
}

Failure unknown_state(std::string_view name) { return invalid("state is " + in_quotes(name) + ", which is not known"); }

std::optional<ProcessKey> read_process(FieldReader& fields) {
  const auto pid = fields.number("not_read_by.pid", kPidMax);
  const auto start_time = fields.number("not_read_by.start_time", kAnyNumber);
  if (!pid || *pid == 0 || !start_time) return std::nullopt;
  return ProcessKey{Pid{static_cast<std::int32_t>(*pid)}, StartTime{*start_time}};
}

// std::nullopt: an unknown runtime.
Result<std::optional<RuntimeReport>> read_runtime(const Json& json) {
  FieldReader fields(json);
  const std::string name = fields.required_text("runtime");
  const std::string state_name = fields.required_text("state");
  RuntimeReport report{.message = printable(fields.text("message"), kMessageMax_bytes),
                       .not_read_by = read_process(fields)};
  if (fields.failed()) return fields.first_failure();
  const auto runtime = find_label<HookRuntime>(kHookRuntimes, name);
  if (!runtime) return std::nullopt;
  const auto state = find_label<RuntimeState>(kRuntimeStates, state_name);
  if (!state) return unknown_state(state_name);
  report.runtime = *runtime;
  report.state = *state;
  return report;
}

Result<std::vector<RuntimeReport>> read_runtimes(const Json& object) {
  std::vector<RuntimeReport> runtimes;
  const auto list = object.find("runtimes");
  if (list == object.end() || list->is_null()) return runtimes;
  if (!list->is_array() || list->size() > kRuntimesMax) return invalid("runtimes is not a list of at most 16");
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto read = read_runtime((*list)[i]);
    if (!read) return pass_on(read.error(), "runtimes[" + std::to_string(i) + "]");
    if (!*read) continue;
    const bool is_named_twice = std::any_of(
        runtimes.begin(), runtimes.end(), [&](const RuntimeReport& each) { return each.runtime == (*read)->runtime; });
    if (is_named_twice) return invalid("runtimes has one of them twice");
    runtimes.push_back(*std::move(*read));
  }
  return runtimes;
}

HookReport unreadable(const Error& error) {
  return {.state = HookState::kUnreadable, .message = std::string(kHookReportName) + ": " + error.message()};
}

}  // namespace

Result<HookReport> parse_hook_report(std::string_view text) {
  const auto object = parse_json_object(text, "the report");
  if (!object) return pass_on(object.error());
  FieldReader fields(*object);
  const auto version = fields.required_number("version", kAnyNumber);
  const std::string state_name = fields.required_text("state");
  HookReport report{.message = printable(fields.text("message"), kMessageMax_bytes),
                    .written_at = printable(fields.text("written_at"), kTimeMax_bytes)};
  if (fields.failed()) return fields.first_failure();
  if (version != kReportVersion) return invalid("version is not " + std::to_string(kReportVersion));
  const auto state = find_label<HookState>(kHookStates, state_name);
  if (!state || *state == HookState::kUnreadable) return unknown_state(state_name);
  auto runtimes = read_runtimes(*object);
  if (!runtimes) return pass_on(runtimes.error());
  report.state = *state;
  report.runtimes = *std::move(runtimes);
  return report;
}

HookReport as_it_is(HookReport report, const std::function<bool(const ProcessKey&)>& lives,
                    std::optional<HookRuntime> by_nri) {
  bool has_healed = false;
  for (RuntimeReport& runtime : report.runtimes) {
    const bool was_restarted =
        runtime.state == RuntimeState::kRestartNeeded && runtime.not_read_by && !lives(*runtime.not_read_by);
    const bool is_served = runtime.state == RuntimeState::kMissing && runtime.runtime == by_nri;
    if (!was_restarted && !is_served) continue;
    runtime.state = RuntimeState::kOk;
    runtime.message = is_served ? "tells the NRI plugin instead" : "restarted since, so that it calls the hook";
    has_healed = true;
  }
  const bool is_in_order = std::all_of(report.runtimes.begin(), report.runtimes.end(),
                                       [](const RuntimeReport& runtime) { return runtime.state == RuntimeState::kOk; });
  if (!has_healed || !is_in_order || report.state != HookState::kDegraded) return report;
  report.state = HookState::kOk;
  report.message =
      by_nri ? "each runtime calls the hook, or tells the NRI plugin" : "what had to be restarted was restarted";
  return report;
}

HookView view_of(const HookReport& report) {
  HookView view{.state = kHookStates[static_cast<std::size_t>(report.state)],
                .message = report.message,
                .written_at = report.written_at,
                .runtimes = {}};
  for (const RuntimeReport& runtime : report.runtimes) {
    view.runtimes.push_back({.runtime = kHookRuntimes[static_cast<std::size_t>(runtime.runtime)],
                             .state = kRuntimeStates[static_cast<std::size_t>(runtime.state)],
                             .message = runtime.message});
  }
  return view;
}

void count_hook(const std::optional<HookReport>& report, Counters& counters) {
  for (std::size_t i = 0; i < kHookStates.size(); ++i) {
    const auto state = static_cast<HookState>(i);
    counters.hook_state[state].set(report && report->state == state ? 1 : 0);
  }
  for (std::size_t i = 0; i < kHookRuntimes.size(); ++i) {
    const auto label = static_cast<HookRuntime>(i);
    // Where the hook is switched off, nothing is missing.
    const RuntimeReport* runtime = nullptr;
    if (report && report->state != HookState::kDisabled) {
      for (const RuntimeReport& each : report->runtimes) runtime = each.runtime == label ? &each : runtime;
    }
    counters.hook_installed[label].set(runtime != nullptr && runtime->state == RuntimeState::kOk ? 1 : 0);
    counters.hook_reported[label].set(runtime != nullptr ? 1 : 0);
  }
}

bool HookReportFile::look(std::optional<HookRuntime> by_nri) {
  read_if_changed();
  const std::optional<HookReport> before = std::move(now_);
  now_.reset();
  if (written_)
    now_ = as_it_is(
        *written_, [this](const ProcessKey& process) { return lives(process); }, by_nri);
  count_hook(now_, counters_);
  return before != now_;
}

void HookReportFile::read_if_changed() {
  const auto change = file_.look();
  if (change == WatchedFile::Change::kNone) return;
  written_.reset();
  if (change == WatchedFile::Change::kGone) return;
  const auto& text = file_.content();
  auto report = text ? parse_hook_report(*text) : Result<HookReport>(pass_on(text.error()));
  written_ = report ? *std::move(report) : unreadable(report.error());
}

// A process that cannot be examined counts as alive.
bool HookReportFile::lives(const ProcessKey& process) {
  const auto facts = processes_.look_at(process.pid);
  return !facts || (*facts && (*facts)->start_time == process.start_time);
}

}  // namespace netclsd
