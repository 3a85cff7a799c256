#include "cli/hook_install/report.h"

#include "common/json/fields.h"

namespace netclsd::cli {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitDegraded = 3;

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

}  // namespace

HookOutcome to_outcome(const HookReport& report, const HookOptions& options) {
  return {.exit_status = report.is_degraded ? kExitDegraded : 0,
          .text = options.as_json ? to_json_text(report, options) : to_text(report, options),
          .error = {}};
}

HookOutcome to_outcome(const Error& error) {
  return {.exit_status = kExitFailed, .text = {}, .error = error.message()};
}

}  // namespace netclsd::cli
