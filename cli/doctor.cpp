#include "cli/doctor.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "cli/hook_install/bundles.h"
#include "cli/render.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/json/fields.h"
#include "common/oci/oci.h"
#include "common/proc/proc.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kFileMax_bytes = 16U << 20;
constexpr std::size_t kSpoolEntriesMax = 100'000;
constexpr std::size_t kProcessesMax = 4U << 20;  // the kernel's limit of pids
constexpr std::size_t kRuleFilesMax = 1'000;

// Empty: it cannot be read. The check says what that means.
std::string read_or_empty(const std::string& path) { return read_file(path, kFileMax_bytes).value_or(""); }

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "";
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string link_or_empty(const std::string& path) {
  std::error_code error;
  const auto target = std::filesystem::read_symlink(path, error);
  return error ? "" : target.string();
}

// The pids in `proc`. Empty: it cannot be read.
std::vector<std::string> pids_in(const std::string& proc) {
  const auto directory = open_directory(proc);
  auto names = directory ? list_some_names(*directory, kProcessesMax) : pass_on(directory.error());
  if (!names) return {};
  std::erase_if(*names, [](const std::string& name) { return !parse_unsigned(name); });
  return *std::move(names);
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

// cgrulesengd is libcgroup's daemon. Some hosts still run it.
std::optional<std::string> find_rules_daemon(const std::string& proc) {
  for (const std::string& pid : pids_in(proc)) {
    if (read_or_empty(proc + "/" + pid + "/comm") == "cgrulesengd\n") return pid;
  }
  return std::nullopt;
}

std::string read_rules(const std::string& etc) {
  std::string rules = read_or_empty(etc + "/cgrules.conf");
  const auto directory = open_directory(etc + "/cgrules.d");
  const auto names = directory ? list_some_names(*directory, kRuleFilesMax) : Result<std::vector<std::string>>{};
  if (!directory || !names) return rules;
  for (const std::string& name : *names) rules += "\n" + read_or_empty(etc + "/cgrules.d/" + name);
  return rules;
}

Result<HookStatus> look_for_hook(const std::string& root) {
  const auto tree = RootTree::open(root);
  if (!tree) return pass_on(tree.error());
  return find_hook_status(*tree);
}

Result<std::string> ask_for(const AskAgent& ask, const char* target) {
  auto answer = ask({.method = HttpMethod::kGet, .target = target, .body = {}});
  if (!answer) return pass_on(answer.error());
  if (answer->status == 200) return std::move(answer->body);
  return failure(ErrorCode::kUnavailable,
                 "answered " + std::to_string(answer->status) + ": " + problem_detail(*answer));
}

// One that asks in a wrong way asks, too. Pause containers have their pod's annotations.
bool asks_for_class(const Annotations& annotations) {
  const auto identity = pod_identity(annotations);
  if (identity && identity->is_sandbox) return false;
  const auto request = class_request(annotations, std::nullopt);
  return !request || request->has_value();
}

std::string describe(const Bundle& bundle, const Annotations& annotations) {
  const auto identity = pod_identity(annotations);
  if (!identity || identity->pod.empty()) return bundle.container;
  return identity->pod_namespace.value_or("") + "/" + identity->pod + "/" + identity->container;
}

// Empty: the container does not run.
std::string pid_of_init(const RootTree& tree, const Bundle& bundle) {
  constexpr std::size_t kPidMax_bytes = 32;
  const auto file = tree.read(bundle.pid_file, kPidMax_bytes);
  if (!file || !*file) return {};
  std::string pid = (*file)->content;
  while (pid.ends_with('\n')) pid.pop_back();
  return parse_unsigned(pid) && tree.exists("/proc/" + pid) ? pid : std::string();
}

std::optional<AskingContainer> read_asking(const RootTree& tree, const Bundle& bundle) {
  const auto config = tree.read(bundle.config, kSpecMax_bytes);
  if (!config || !*config || (*config)->content.find(kClassAnnotation) == std::string::npos) return std::nullopt;
  const auto spec = parse_oci_spec((*config)->content);
  if (!spec || !asks_for_class(spec->annotations)) return std::nullopt;
  const std::string pid = pid_of_init(tree, bundle);
  if (pid.empty()) return std::nullopt;
  return AskingContainer{bundle.container, describe(bundle, spec->annotations) + " (pid " + pid + ")"};
}

AskingContainers find_asking_containers(const std::string& root) {
  AskingContainers asking;
  const auto tree = RootTree::open(root);
  if (!tree) return asking;
  const Bundles bundles = find_bundles(*tree);
  asking.is_complete = !bundles.has_more;
  for (const Bundle& bundle : bundles.found) {
    if (auto found = read_asking(*tree, bundle)) asking.found.push_back(*std::move(found));
  }
  return asking;
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

bool is_likely_misled(std::string_view exe, std::string_view comm, std::string_view command_line) {
  const std::string_view name = exe.empty() ? comm : file_name(exe);
  if (name == "node" || name == "nodejs" || name == "bun") return true;
  const auto runs = [&](std::string_view program) { return command_line.find(program) != std::string_view::npos; };
  return name == "java" && (runs("elasticsearch") || runs("opensearch"));
}

MisledPrograms find_misled_programs(const std::string& proc) {
  MisledPrograms found;
  for (const std::string& pid : pids_in(proc)) {
    const std::string at = proc + "/" + pid;
    const std::string exe = link_or_empty(at + "/exe");
    std::string comm = read_or_empty(at + "/comm");
    if (comm.ends_with('\n')) comm.pop_back();
    if (!is_likely_misled(exe, comm, read_or_empty(at + "/cmdline"))) continue;
    ++found.count;
    if (found.examples.size() >= kExamplesMax) continue;
    found.examples.push_back(printable(exe.empty() ? comm : file_name(exe)) + " (pid " + pid + ")");
  }
  return found;
}

HostFacts collect_facts(const std::string& root, const AskAgent& ask) {
  return {.is_root = ::geteuid() == 0,
          .kernel_release = kernel_release(),
          .connectors = read_or_empty(root + "/proc/net/connector"),
          .controllers = read_or_empty(root + "/proc/cgroups"),
          .boot_parameters = read_or_empty(root + "/proc/cmdline"),
          .mountinfo = read_or_empty(root + "/proc/self/mountinfo"),
          .hosts_mountinfo = read_or_empty(root + "/proc/1/mountinfo"),
          .init_cgroup = read_or_empty(root + "/proc/1/cgroup"),
          .misled = find_misled_programs(root + "/proc"),
          .time_namespace = own_time_namespace(root + "/proc"),
          .spool_entries = count_spool_entries(root + kDefaultSpool),
          .agent_status = ask_for(ask, "/v1/status"),
          .has_nri_socket = ::access((root + "/run/nri/nri.sock").c_str(), F_OK) == 0,
          .hook = look_for_hook(root.empty() ? "/" : root),
          .rules_daemon = find_rules_daemon(root + "/proc"),
          .rules = read_rules(root + "/etc"),
          .asking = find_asking_containers(root.empty() ? "/" : root),
          .agent_containers = ask_for(ask, "/v1/containers")};
}

CommandResult report_checks(const std::vector<Check>& checks, OutputFormat format) {
  return {.exit_status = exit_status_of(checks),
          .text = format == OutputFormat::kJson ? to_json_text(checks) : to_table(checks),
          .error = {}};
}

}  // namespace netclsd::cli
