#include "cli/hook_install/report.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/text.h"
#include "common/json/fields.h"

namespace netclsd::cli {
namespace {

constexpr int kExitFailed = 1;

std::string all_diffs(const Steps& steps) {
  std::string diffs;
  for (const Step& step : steps) diffs += diff_of(step);
  return diffs;
}

std::string to_text(const HookReport& report, const HookOptions& options) {
  std::string text;
  for (const std::string& line : report.found) text += line + "\n";
  for (const Step& step : report.steps) text += (options.dry_run ? "would " : "") + describe(step) + "\n";
  if (report.steps.empty()) text += "nothing to do\n";
  if (options.diff) text += all_diffs(report.steps);
  for (const std::string& note : report.notes) text += "note: " + note + "\n";
  return text;
}

std::string to_json_text(const HookReport& report, const HookOptions& options) {
  OrderedJson json = {{"dry_run", options.dry_run},     {"changed", !report.steps.empty()},
                      {"degraded", report.is_degraded}, {"needs_restart", report.needs_restart},
                      {"found", report.found},          {"steps", OrderedJson::array()},
                      {"notes", report.notes}};
  for (const Step& step : report.steps) json["steps"].push_back(describe(step));
  if (options.diff) json["diff"] = all_diffs(report.steps);
  return dump(json) + "\n";
}

constexpr int kReportVersion = 1;
constexpr std::size_t kMessageMax_bytes = 2000;
constexpr const char* kReportName = "hook.json";

constexpr std::array<std::string_view, 4> kReportStates = {"ok", "degraded", "failed", "disabled"};

std::string one_line(std::string text) {
  if (text.size() > kMessageMax_bytes) text.resize(kMessageMax_bytes);
  for (char& character : text) {
    if (static_cast<unsigned char>(character) < ' ') character = ' ';
  }
  return text;
}

// The name in the agent's metrics.
std::string agents_name(const RuntimeState& state) { return state.runtime == "cri-o" ? "crio" : state.runtime; }

}  // namespace

bool waits_for_crio(const HookReport& report) {
  return std::any_of(report.runtimes.begin(), report.runtimes.end(), [](const RuntimeState& each) {
    return each.runtime == to_string(Runtime::kCriO) && each.state == RuntimeState::State::kRestartNeeded;
  });
}

std::string all_notes(const HookReport& report) {
  std::string text;
  for (const std::string& note : report.notes) text += (text.empty() ? "" : "; ") + note;
  return text;
}

HookOutcome to_outcome(const HookReport& report, const HookOptions& options) {
  return {.exit_status = report.is_degraded || waits_for_crio(report) ? kHookDegraded : 0,
          .text = options.as_json ? to_json_text(report, options) : to_text(report, options),
          .error = {}};
}

HookOutcome to_outcome(const Error& error) {
  return {.exit_status = kExitFailed, .text = {}, .error = error.message()};
}

OrderedJson to_json_value(std::string_view runtime, const RuntimeState& state) {
  OrderedJson json = {{"runtime", runtime}, {"state", to_string(state.state)}, {"message", one_line(state.message)}};
  if (state.not_read_by) {
    json["not_read_by"] = {{"pid", state.not_read_by->pid.value}, {"start_time", state.not_read_by->start_time.ticks}};
  }
  return json;
}

std::string to_json(const AgentReport& report, std::chrono::system_clock::time_point now) {
  OrderedJson json = {{"version", kReportVersion},
                      {"written_at", format_utc(now)},
                      {"state", kReportStates[static_cast<std::size_t>(report.state)]},
                      {"message", one_line(report.message)},
                      {"runtimes", OrderedJson::array()}};
  for (const RuntimeState& state : report.runtimes)
    json["runtimes"].push_back(to_json_value(agents_name(state), state));
  return dump(json) + "\n";
}

Result<void> write_agent_report(const RootTree& tree, const std::string& directory, const std::string& text) {
  const auto facts = tree.directory_facts(directory);
  if (!facts) return {};
  if (facts->uid != ::geteuid() || (facts->mode & (S_IWGRP | S_IWOTH)) != 0) {
    return failure(ErrorCode::kForbidden,
                   directory + " is not root's alone: no " + kReportName + " is written for the agent");
  }
  return tree.replace_file(directory + "/" + kReportName, {.content = text, .attributes = own_attributes(0600)});
}

HookOutcome with_exit_status(const HookOptions& options, HookOutcome outcome) {
  if (options.exit_zero) outcome.exit_status = 0;
  return outcome;
}

HookOutcome conclude(const RootTree& tree, const HookOptions& options, HookOutcome outcome, const AgentReport& report) {
  if (options.dry_run) return with_exit_status(options, std::move(outcome));
  const std::string text = to_json(report, std::chrono::system_clock::now());
  if (const auto written = write_agent_report(tree, options.state_directory, text); !written) {
    outcome.error += (outcome.error.empty() ? "" : "; ") + written.error().message();
  }
  return with_exit_status(options, std::move(outcome));
}

}  // namespace netclsd::cli
