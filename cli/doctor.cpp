#include "cli/doctor.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cli/table.h"
#include "common/base/file.h"
#include "common/json/fields.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kProcFileMax_bytes = 16U << 20;
constexpr std::size_t kSpoolEntriesMax = 100'000;

// What cannot be read offers nothing: the check says so.
std::string read_or_empty(const std::string& path) { return read_file(path, kProcFileMax_bytes).value_or(""); }

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "";
}

Result<std::size_t> count_spool_entries(const std::string& path) {
  const auto spool = open_directory(path);
  if (!spool && spool.error().sys_errno() == ENOENT) return 0;
  if (!spool) return pass_on(spool.error());
  const auto names = list_names(*spool, kSpoolEntriesMax);
  if (!names) return pass_on(names.error());
  const auto is_entry = [](const std::string& name) { return !name.starts_with(".") && name.ends_with(".json"); };
  return static_cast<std::size_t>(std::count_if(names->begin(), names->end(), is_entry));
}

Result<HookStatus> look_for_hook(const std::string& root) {
  const auto tree = RootTree::open(root);
  if (!tree) return pass_on(tree.error());
  return find_hook_status(*tree);
}

Result<std::string> ask_status(const AskAgent& ask) {
  auto answer = ask({.method = HttpMethod::kGet, .target = "/v1/status", .body = {}});
  if (!answer) return pass_on(answer.error());
  if (answer->status == 200) return std::move(answer->body);
  return failure(ErrorCode::kUnavailable,
                 "answered " + std::to_string(answer->status) + ": " + problem_detail(*answer));
}

std::string to_json_text(const std::vector<Check>& checks) {
  OrderedJson json;
  for (const Check& check : checks) {
    json["checks"].push_back({{"verdict", to_string(check.verdict)}, {"name", check.name}, {"text", check.text}});
  }
  return dump(json) + "\n";
}

std::string to_table(const std::vector<Check>& checks) {
  std::vector<Row> rows;
  for (const Check& check : checks) rows.push_back({to_string(check.verdict), check.name, check.text});
  return align(rows);
}

int exit_status_of(const std::vector<Check>& checks) {
  const auto has = [&](Verdict verdict) {
    return std::any_of(checks.begin(), checks.end(), [&](const Check& check) { return check.verdict == verdict; });
  };
  if (has(Verdict::kFail)) return kExitFailed;
  return has(Verdict::kWarn) ? kExitDegraded : 0;
}

}  // namespace

HostFacts collect_facts(const std::string& root, const AskAgent& ask) {
  return {.is_root = ::geteuid() == 0,
          .kernel_release = kernel_release(),
          .connectors = read_or_empty(root + "/proc/net/connector"),
          .controllers = read_or_empty(root + "/proc/cgroups"),
          .mountinfo = read_or_empty(root + "/proc/self/mountinfo"),
          .spool_entries = count_spool_entries(root + kDefaultSpool),
          .agent_status = ask_status(ask),
          .hook = look_for_hook(root.empty() ? "/" : root)};
}

CommandResult report_checks(const std::vector<Check>& checks, OutputFormat format) {
  return {.exit_status = exit_status_of(checks),
          .text = format == OutputFormat::kJson ? to_json_text(checks) : to_table(checks),
          .error = {}};
}

}  // namespace netclsd::cli
