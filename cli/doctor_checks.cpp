#include "cli/doctor_checks.h"

#include <algorithm>
#include <array>
#include <compare>
#include <functional>
#include <set>
#include <sstream>

#include "cli/hook_install/bundles.h"
#include "common/base/text.h"
#include "common/json/fields.h"
#include "common/model/cgroup_paths.h"
#include "common/net_cls/kernel_flaws.h"
#include "common/net_cls/mount.h"
#include "common/proc/proc.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kMessageMax_bytes = 512;
constexpr std::size_t kNamedMax = 5;  // containers; the others are counted

// A rule is "USER[:PROCESS]  CONTROLLERS  DESTINATION", separated by blanks or tabs. Empty: there is no such rule.
std::string first_net_cls_rule(std::string_view rules) {
  for (const std::string_view line : split(rules, '\n')) {
    std::istringstream words{std::string(line)};
    std::string user, controllers;
    if (!(words >> user >> controllers) || user.starts_with('#')) continue;
    for (const std::string_view controller : split(controllers, ',')) {
      if (controller == "net_cls" || controller == "*") return std::string(line);
    }
  }
  return {};
}

Check describe_agent(const Json& status) {
  FieldReader fields(status);
  const std::string version = fields.text("version");
  const auto ready = status.find("ready");
  if (ready != status.end() && *ready == true) return {Verdict::kOk, "agent", "ready, version " + version};
  const auto reasons = status.find("not_ready_because");
  return {Verdict::kWarn, "agent",
          "reachable but not ready: " + (reasons == status.end() ? std::string("no reason given") : dump(*reasons))};
}

std::string describe(const MisledPrograms& misled) {
  if (misled.count == 0) return "None of the known ones (Node.js, Bun, Elasticsearch, OpenSearch) runs here";
  std::string text = "Likely hit: " + std::to_string(misled.count) + " running, such as ";
  for (const std::string& example : misled.examples) {
    text += (&example == &misled.examples.front() ? "" : ", ") + example;
  }
  return text;
}

// The runtimes that will not call the hook.
std::string describe_runtimes(const Json& status) {
  std::string text;
  const auto hook = status.find("hook");
  const auto runtimes = hook->find("runtimes");
  if (runtimes == hook->end() || !runtimes->is_array()) return text;
  for (const Json& runtime : *runtimes) {
    FieldReader fields(runtime);
    const std::string state = fields.text("state");
    if (state == "ok" || fields.failed()) continue;
    text += "; " + printable(fields.text("runtime")) + ": " + printable(state) + ", " +
            printable(fields.text("message"), kMessageMax_bytes);
  }
  return text;
}

std::set<std::string, std::less<>> ids_of(const Json& agent_containers) {
  std::set<std::string, std::less<>> ids;
  const auto list = agent_containers.find("containers");
  if (list == agent_containers.end() || !list->is_array()) return ids;
  for (const Json& each : *list) {
    if (each.is_object()) ids.insert(FieldReader(each).text("id"));
  }
  return ids;
}

std::string describe_unregistered(const std::vector<const AskingContainer*>& missing) {
  std::string text;
  for (std::size_t i = 0; i < std::min(missing.size(), kNamedMax); ++i) {
    text += (i == 0 ? "" : ", ") + printable(missing[i]->name, kMessageMax_bytes);
  }
  const std::size_t others = missing.size() - std::min(missing.size(), kNamedMax);
  return others == 0 ? text : text + " and " + std::to_string(others) + " more";
}

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarn:
      return "warn";
    case Verdict::kFail:
      return "fail";
  }
  return "";
}

Check check_root(bool is_root) {
  if (is_root) return {Verdict::kOk, "root", "running as root"};
  return {Verdict::kWarn, "root", "not running as root: the agent's socket and the spool may be out of reach"};
}

Check check_kernel(std::string_view release) {
  const auto keeps_matching = keeps_cgroup2_matching(release);
  const std::string name = "Linux " + std::string(release);
  if (!keeps_matching) return {Verdict::kWarn, "kernel", name + ": version not understood"};
  if (*keeps_matching) return {Verdict::kOk, "kernel", name};
  return {Verdict::kWarn, "kernel", name + " is " + kBreaksCgroup2Matching};
}

Check check_connector(std::string_view proc_net_connector) {
  for (const std::string_view line : split(proc_net_connector, '\n')) {
    if (line.starts_with("cn_proc ")) return {Verdict::kOk, "process events", "the kernel offers cn_proc"};
  }
  return {Verdict::kFail, "process events",
          std::string("/proc/net/connector does not list cn_proc: this is not the host's network namespace, or the "
                      "agent cannot work with this kernel, which was built without ") +
              kProcessEventOptions};
}

Check check_controller(std::string_view proc_cgroups, std::string_view proc_cmdline) {
  const std::string cause = what_prevents_net_cls(proc_cgroups, proc_cmdline);
  if (cause.empty()) return {Verdict::kOk, "net_cls", "the kernel has the controller"};
  return {Verdict::kFail, "net_cls", cause};
}

Check check_favordynmods(const HostFacts& facts) {
  const std::string cause =
      what_forbids_early_moves(facts.kernel_release, {facts.mountinfo, facts.hosts_mountinfo}, facts.boot_parameters);
  if (cause.empty()) return {Verdict::kOk, "favordynmods", "moves cannot crash this kernel, as far as its mounts tell"};
  return {Verdict::kWarn, "favordynmods", cause};
}

Check check_mount(std::string_view mountinfo, bool can_be_mounted) {
  const auto mount = find_net_cls_mount(mountinfo);
  if (!mount && !can_be_mounted) {
    return {Verdict::kFail, "hierarchy", "not mounted, and the kernel cannot mount it: see net_cls"};
  }
  if (!mount) {
    return {Verdict::kOk, "hierarchy",
            "not mounted in this mount namespace; the hook mounts it when a container needs it"};
  }
  if (const auto alone = expect_no_others(*mount); !alone) {
    return {Verdict::kFail, "hierarchy", alone.error().message() + "; neither agent nor hook use it like this"};
  }
  if (!mount->mount_point.starts_with("/sys/fs/cgroup/"))
    return {Verdict::kOk, "hierarchy", "at " + mount->mount_point};
  return {Verdict::kWarn, "hierarchy",
          "at " + mount->mount_point +
              ": this is right if the init system mounts all v1 hierarchies; on other hosts it breaks LXD, rootless "
              "podman and systemctl status"};
}

// libuv (and with it Node.js and Bun), Elasticsearch and OpenSearch read only the first line of the file. While net_cls
// is mounted, that is not the line of cgroup v2.
Check check_first_line(std::string_view init_cgroup, const MisledPrograms& misled) {
  auto paths = CgroupPaths::parse(init_cgroup);
  const bool is_mounted = paths.net_cls() != nullptr;
  std::erase_if(paths.entries, [](const CgroupEntry& entry) {
    return entry.hierarchy.empty() || has_controller(entry.hierarchy, "net_cls");
  });
  if (!paths.entries.empty()) {
    return {Verdict::kOk, "first line",
            "this host has cgroup v1 hierarchies besides net_cls: mounting it changes little"};
  }
  const std::string who = describe(misled);
  if (!is_mounted) {
    return {Verdict::kOk, "first line",
            "a pure cgroup v2 host; while a container has a class, programs that read only the first line of "
            "/proc/self/cgroup do not find their memory limit. " +
                who};
  }
  return {misled.count > 0 ? Verdict::kWarn : Verdict::kOk, "first line",
          "net_cls is mounted on a cgroup v2 host: programs that started since then and read only the first line of "
          "/proc/self/cgroup do not find their memory limit. " +
              who};
}

Check check_proc(std::string_view mountinfo) {
  const Hidepid hidepid = find_hidepid(mountinfo);
  if (hidepid.hides_agent) return {Verdict::kFail, "/proc", describe_hidepid(hidepid)};
  return {Verdict::kOk, "/proc", "shows the agent all processes"};
}

Check check_time_namespace(std::string_view link) {
  if (link.empty() || link == kInitialTimeNamespace) return {Verdict::kOk, "time", "the initial time namespace"};
  return {Verdict::kWarn, "time",
          "this is a time namespace of its own (" + std::string(link) +
              "): the agent does not start in one, since start times read there are not those of process events"};
}

Check check_spool(const Result<std::size_t>& entries) {
  if (!entries) return {Verdict::kWarn, "spool", entries.error().message()};
  if (*entries == 0) return {Verdict::kOk, "spool", "no registration waits"};
  return {Verdict::kWarn, "spool",
          std::to_string(*entries) + " waiting: the agent was away when these containers started"};
}

Check check_agent(const Result<std::string>& status) {
  if (!status) return {Verdict::kFail, "agent", status.error().message()};
  const auto json = parse_json_object(*status, "the agent's status");
  if (!json) return {Verdict::kFail, "agent", json.error().message()};
  return describe_agent(*json);
}

Check check_hook(const Result<HookStatus>& status) {
  if (!status) return {Verdict::kWarn, "hook", status.error().message()};
  if (status->directory.empty()) {
    return {Verdict::kOk, "hook", "not installed by netclsctl: by hand, or not at all (netclsctl hook install)"};
  }
  if (!status->problems.empty())
    return {Verdict::kWarn, "hook", status->problems.front() + "; see netclsctl hook status"};
  return {Verdict::kOk, "hook", "version " + status->version + " in " + status->directory};
}

Check check_rules_daemon(const std::optional<std::string>& pid, std::string_view rules) {
  if (!pid) return {Verdict::kOk, "cgrulesengd", "does not run"};
  const std::string rule = first_net_cls_rule(rules);
  if (rule.empty()) return {Verdict::kOk, "cgrulesengd", "pid " + *pid + " runs, and none of its rules names net_cls"};
  return {Verdict::kWarn, "cgrulesengd",
          "pid " + *pid + " moves processes between net_cls groups, also those of containers, until the agent's next " +
              "audit brings them back: take net_cls out of its rule " + in_quotes(rule)};
}

Check check_runtimes(const Result<std::string>& agent_status) {
  const std::string name = "runtimes";
  const auto status =
      agent_status ? parse_json_object(*agent_status, "the agent's status") : pass_on(agent_status.error());
  if (!status) return {Verdict::kWarn, name, "not known, since the agent does not answer"};
  FieldReader fields(*status);
  const std::string state = fields.text("hook.state");
  if (state.empty()) return {Verdict::kOk, name, "nobody has reported (netclsctl hook status does)"};
  const Verdict verdict = state == "ok" || state == "disabled" ? Verdict::kOk
                          : state == "failed"                  ? Verdict::kFail
                                                               : Verdict::kWarn;
  return {verdict, name,
          "hook " + printable(state) + ": " + printable(fields.text("hook.message"), kMessageMax_bytes) +
              describe_runtimes(*status)};
}

// A node without the plugin is in order, and so is one whose plugin has no runtime: the hook may be the way there.
Check check_nri(const Result<std::string>& agent_status, bool has_nri_socket) {
  const std::string name = "nri";
  const auto status =
      agent_status ? parse_json_object(*agent_status, "the agent's status") : pass_on(agent_status.error());
  if (!status) return {Verdict::kWarn, name, "not known, since the agent does not answer"};
  FieldReader fields(*status);
  const std::string state = printable(fields.text("nri.state"));
  if (state.empty()) {
    return {Verdict::kOk, name,
            has_nri_socket ? "a runtime offers it, and no plugin of ours is there" : "no runtime offers it"};
  }
  const std::string runtime = printable(fields.text("nri.runtime"), kMessageMax_bytes);
  const std::string message = printable(fields.text("nri.message"), kMessageMax_bytes);
  const bool is_hook_called = fields.text("hook.state") == "ok";
  const std::string instead = state == "connected" || !is_hook_called ? "" : "; the hook is called instead";
  return {state == "connected" || is_hook_called ? Verdict::kOk : Verdict::kWarn, name,
          "the plugin is " + state + (runtime.empty() ? "" : ", " + runtime) + (message.empty() ? "" : ": " + message) +
              instead};
}

Check check_carry(const Result<std::string>& agent_status) {
  const std::string name = "carry";
  const auto status =
      agent_status ? parse_json_object(*agent_status, "the agent's status") : pass_on(agent_status.error());
  if (!status) return {Verdict::kWarn, name, "not known, since the agent does not answer"};
  FieldReader fields(*status);
  const std::string state = printable(fields.text("carry.state"));
  const std::string message = printable(fields.text("carry.message"), kMessageMax_bytes);
  const std::string because = message.empty() ? "" : ": " + message;
  if (state.empty()) return {Verdict::kOk, name, "not configured: behind a pod's veth packets have no class"};
  if (state == "ok") {
    const auto carriers = fields.number("carry.carriers", kAnyNumber).value_or(0);
    return {Verdict::kOk, name,
            "at " + std::to_string(carriers) + " interfaces, by " + printable(fields.text("carry.kernel")) + because};
  }
  if (state == "degraded") return {Verdict::kWarn, name, "not as it should be" + because};
  if (state == "gone") {
    return {
        Verdict::kFail, name,
        "netclsd-carrier has ended: new containers are not carried; start it (systemctl start netclsd-carrier), or, "
        "if nothing is to be carried any more, run netclsd-carrier --clean-up"};
  }
  if (state == "failed") return {Verdict::kFail, name, "netclsd-carrier could not start" + because};
  return {Verdict::kWarn, name, "its report is " + state + because};
}

Check check_containers(const AskingContainers& asking, const Result<std::string>& agent_containers) {
  const std::string name = "containers";
  const auto answer =
      agent_containers ? parse_json_object(*agent_containers, "the agent's list") : pass_on(agent_containers.error());
  if (!answer) return {Verdict::kWarn, name, "not known, since the agent does not answer"};
  const auto known = ids_of(*answer);
  std::vector<const AskingContainer*> missing;
  for (const AskingContainer& each : asking.found) {
    if (!known.contains(each.id)) missing.push_back(&each);
  }
  const std::string count = std::to_string(asking.found.size());
  const std::string limit = asking.is_complete ? "" : " (of the first " + std::to_string(kBundlesMax) + " bundles)";
  if (missing.empty()) {
    return {Verdict::kOk, name,
            count + " that ask for a class by an annotation in their bundle, and the agent knows all of them" + limit};
  }
  return {Verdict::kWarn, name,
          std::to_string(missing.size()) + " of " + count + " that ask for a class by an annotation" + limit +
              " are not registered: " + describe_unregistered(missing) +
              ". They were refused (netclsctl explain PID says why), or started when nobody told the agent"};
}

std::vector<Check> run_checks(const HostFacts& facts) {
  return {check_root(facts.is_root),
          check_kernel(facts.kernel_release),
          check_connector(facts.connectors),
          check_controller(facts.controllers, facts.boot_parameters),
          check_favordynmods(facts),
          check_mount(facts.mountinfo, what_prevents_net_cls(facts.controllers, facts.boot_parameters).empty()),
          check_first_line(facts.init_cgroup, facts.misled),
          check_proc(facts.mountinfo),
          check_time_namespace(facts.time_namespace),
          check_spool(facts.spool_entries),
          check_agent(facts.agent_status),
          check_hook(facts.hook),
          check_rules_daemon(facts.rules_daemon, facts.rules),
          check_runtimes(facts.agent_status),
          check_nri(facts.agent_status, facts.has_nri_socket),
          check_carry(facts.agent_status),
          check_containers(facts.asking, facts.agent_containers),
          {Verdict::kOk, "veth",
           "a packet's classid can be read at tc ingress of the host's end of a veth, and nowhere behind it"}};
}

}  // namespace netclsd::cli
