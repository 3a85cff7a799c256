#include "cli/doctor/doctor.h"

#include <algorithm>

#include "cli/doctor/checks.h"
#include "cli/render.h"
#include "common/json/fields.h"

namespace netclsd::cli {
namespace {

std::string to_json_text(const std::vector<Judged>& judged) {
  OrderedJson json = OrderedJson::array();
  for (const auto& [check, finding] : judged) {
    json.push_back(
        {{"check", check}, {"state", to_string(finding.state)}, {"message", finding.message}, {"mend", finding.mend}});
  }
  return dump(json) + "\n";
}

std::string to_table(const std::vector<Judged>& judged) {
  std::vector<Row> rows;
  for (const auto& [check, finding] : judged) {
    rows.push_back({to_string(finding.state), check, finding.message});
    if (!finding.mend.empty()) rows.push_back({"", "", "mend: " + finding.mend});
  }
  return align(rows);
}

int exit_status_of(const std::vector<Judged>& judged) {
  const auto has = [&](State state) {
    return std::any_of(judged.begin(), judged.end(), [&](const Judged& each) { return each.finding.state == state; });
  };
  if (has(State::kFail)) return kExitFailed;
  return has(State::kWarn) ? kExitDegraded : 0;
}

}  // namespace

const char* to_string(State state) {
  switch (state) {
    case State::kOk:
      return "ok";
    case State::kWarn:
      return "warn";
    case State::kFail:
      return "fail";
  }
  return "";
}

std::vector<Judged> run_checks(const HostFacts& facts) {
  std::vector<Judged> judged;
  for (const Check& check : kChecks) judged.push_back({check.name, check.judge(facts)});
  return judged;
}

CommandResult show_findings(const std::vector<Judged>& judged, OutputFormat format) {
  return {.exit_status = exit_status_of(judged),
          .text = format == OutputFormat::kJson ? to_json_text(judged) : to_table(judged),
          .error = {}};
}

}  // namespace netclsd::cli
