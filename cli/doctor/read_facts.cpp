#include "cli/doctor/read_facts.h"

#include <net/if.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "cli/doctor/answers.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/proc/proc.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kSpoolEntriesMax = 100'000;
constexpr std::size_t kRuleFilesMax = 1'000;
constexpr std::size_t kCarriedMax = 10'000;                   // interfaces; a node has hundreds
constexpr std::string_view kCarrierFilter = "netclsd_carry";  // carry/filters.cpp

std::string release_of_kernel() {
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

Result<Json> ask_for(const AskAgent& ask, const char* target) {
  const auto answer = ask({.method = HttpMethod::kGet, .target = target, .body = {}});
  if (!answer) return pass_on(answer.error());
  if (answer->status == 200) return parse_json_object(answer->body, "the agent's answer");
  return failure(ErrorCode::kUnavailable,
                 "answered " + std::to_string(answer->status) + ": " + problem_detail(*answer));
}

// "CapPrm:\t0000000000001000"
std::optional<std::uint64_t> permitted_in(std::string_view status) {
  constexpr std::string_view kKey = "CapPrm:\t";
  for (const std::string_view line : split(status, '\n')) {
    if (line.starts_with(kKey)) return parse_unsigned(line.substr(kKey.size()), 16);
  }
  return std::nullopt;
}

ProcessPlace place_of(const std::string& process) {
  return {.user_namespace = link_or_empty(process + "/ns/user"),
          .pid_namespace = link_or_empty(process + "/ns/pid"),
          .connectors = read_or_empty(process + "/net/connector"),
          .capabilities = permitted_in(read_or_empty(process + "/status"))};
}

// The number is that of the host's pid namespace. In another one it may be somebody else's.
std::optional<ProcessPlace> agents_place(const std::string& proc, const Result<Json>& status) {
  const auto pid = status ? FieldReader(*status).number("pid", kPidMax) : std::nullopt;
  if (!pid) return std::nullopt;
  const std::string process = proc + "/" + std::to_string(*pid);
  return read_or_empty(process + "/comm") == "netclsd\n" ? std::optional(place_of(process)) : std::nullopt;
}

CarriedInterface look_at_interface(const std::string& name, std::uint32_t index, const Result<TcSocket>& tc) {
  CarriedInterface found{.name = name};
  if (::if_nametoindex(name.c_str()) != index) {
    found.unreadable_because = "not in the network namespace of netclsctl";
    return found;
  }
  found.has_gro = has_gro(name);
  if (!found.has_gro) found.unreadable_because = "the kernel does not tell";
  if (!tc) return found;
  if (auto filters = tc->ingress_filters(index)) found.filters = *std::move(filters);
  std::erase_if(found.filters, [](const TcFilter& filter) { return filter.name == kCarrierFilter; });
  return found;
}

std::vector<CarriedInterface> look_at_carried(const Result<Json>& containers, const Result<TcSocket>& tc) {
  std::map<std::string, std::uint32_t> indices;
  for (const CarriedEnd& end : carried_ends(containers)) {
    if (indices.size() < kCarriedMax) indices.emplace(end.interface, end.index);
  }
  std::vector<CarriedInterface> found;
  for (const auto& [name, index] : indices) found.push_back(look_at_interface(name, index, tc));
  return found;
}

}  // namespace

std::string read_or_empty(const std::string& path) { return read_file(path, kReadMax_bytes).value_or(""); }

std::string link_or_empty(const std::string& path) {
  std::error_code error;
  const auto target = std::filesystem::read_symlink(path, error);
  return error ? "" : target.string();
}

HostFacts read_facts(const std::string& root, const AskAgent& ask) {
  const std::string proc = root + "/proc";
  const std::string tree = root.empty() ? "/" : root;
  const auto tc = TcSocket::open();
  HostFacts facts{.is_root = ::geteuid() == 0,
                  .kernel_release = release_of_kernel(),
                  .connectors = read_or_empty(proc + "/net/connector"),
                  .controllers = read_or_empty(proc + "/cgroups"),
                  .boot_parameters = read_or_empty(proc + "/cmdline"),
                  .mountinfo = read_or_empty(proc + "/self/mountinfo"),
                  .hosts_mountinfo = read_or_empty(proc + "/1/mountinfo"),
                  .init_cgroup = read_or_empty(proc + "/1/cgroup"),
                  .forward_update_priority = read_or_empty(proc + "/sys/net/ipv4/ip_forward_update_priority"),
                  .misled = find_misled_programs(proc),
                  .time_namespace = own_time_namespace(proc),
                  .own_place = place_of(proc + "/self"),
                  .spool_entries = count_spool_entries(root + kDefaultSpool),
                  .has_nri_socket = ::access((root + "/run/nri/nri.sock").c_str(), F_OK) == 0,
                  .hook = look_for_hook(tree),
                  .containerds = find_annotations(tree),
                  .rules_daemon = find_rules_daemon(proc),
                  .rules = read_rules(root + "/etc"),
                  .asking = find_asking_containers(tree),
                  .agent_status = ask_for(ask, "/v1/status"),
                  .agent_containers = ask_for(ask, "/v1/containers"),
                  .queueing = tc ? tc->queueing() : pass_on(tc.error())};
  facts.kernel_config = read_kernel_config(root, facts.kernel_release);
  facts.agents_place = agents_place(proc, facts.agent_status);
  facts.carried = look_at_carried(facts.agent_containers, tc);
  return facts;
}

}  // namespace netclsd::cli
