#include <sstream>

#include "cli/doctor/answers.h"
#include "cli/doctor/checks.h"
#include "common/base/text.h"
#include "common/model/cgroup_paths.h"
#include "common/net_cls/kernel_flaws.h"
#include "common/net_cls/mount.h"
#include "common/proc/proc.h"

namespace netclsd::cli {
namespace {

// The initial namespaces' inode numbers are constants of the kernel (include/linux/proc_ns.h).
constexpr std::string_view kInitialUser = "user:[4026531837]";
constexpr std::string_view kInitialPid = "pid:[4026531836]";

// Which of the host's namespaces it is not in; empty: none is known to be missing. That of the network has no constant,
// but only the host's has the connector.
std::string missing_namespaces(const ProcessPlace& place, bool has_connector_anywhere) {
  std::string missing;
  const auto add = [&](const char* name) { missing += (missing.empty() ? "" : ", ") + std::string(name); };
  if (!place.pid_namespace.empty() && place.pid_namespace != kInitialPid) add("pid");
  if (!place.user_namespace.empty() && place.user_namespace != kInitialUser) add("user");
  if (has_connector_anywhere && place.connectors.empty()) add("network");
  return missing;
}

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

std::string describe_misled(const MisledPrograms& misled) {
  if (misled.count == 0) return "None of the known ones (Node.js, Bun, Elasticsearch, OpenSearch) runs here";
  std::string text = "Likely hit: " + std::to_string(misled.count) + " running, such as ";
  for (const std::string& example : misled.examples) {
    text += (&example == &misled.examples.front() ? "" : ", ") + example;
  }
  return text;
}

}  // namespace

Finding judge_root(const HostFacts& facts) {
  if (facts.is_root) return ok("running as root");
  return warn("not running as root: the agent's socket and the spool may be out of reach", "run it as root");
}

Finding judge_namespaces(const HostFacts& facts) {
  const bool has_connector =
      !facts.own_place.connectors.empty() || (facts.agents_place && !facts.agents_place->connectors.empty());
  const std::string own = missing_namespaces(facts.own_place, has_connector);
  const std::string agents = facts.agents_place ? missing_namespaces(*facts.agents_place, has_connector) : "";
  if (!agents.empty()) {
    return fail("the agent is not in the host's namespaces: " + agents,
                "start it with hostNetwork and hostPID, and without a user namespace");
  }
  if (!own.empty()) {
    return warn("netclsctl is not in the host's namespaces (" + own + "): what it finds is true of its own",
                "run it on the host, or in the agent's container");
  }
  return ok(facts.agents_place ? "netclsctl and the agent are in the host's"
                               : "netclsctl is in the host's; the agent's process is not known");
}

Finding judge_time_namespace(const HostFacts& facts) {
  const std::string& link = facts.time_namespace;
  if (link.empty() || link == kInitialTimeNamespace) return ok("the initial time namespace");
  return warn("this is a time namespace of its own (" + link +
                  "): the agent does not start in one, since start times read there are not those of process events",
              "start the agent in the initial one");
}

Finding judge_proc(const HostFacts& facts) {
  const Hidepid hidepid = find_hidepid(facts.mountinfo);
  if (hidepid.hides_agent) return fail(describe_hidepid(hidepid), "mount -o remount,hidepid=0 /proc");
  return ok("shows the agent all processes");
}

Finding judge_hierarchy(const HostFacts& facts) {
  const auto mount = find_net_cls_mount(facts.mountinfo);
  if (!mount) {
    if (what_prevents_net_cls(facts.controllers, facts.boot_parameters).empty())
      return ok("not mounted in this mount namespace; the hook mounts it when a container needs it");
    return fail("not mounted, and the kernel cannot mount it", "see net_cls");
  }
  if (const auto alone = expect_no_others(*mount); !alone) {
    return fail(alone.error().message() + "; neither agent nor hook use it like this", "mount net_cls by itself");
  }
  if (!mount->mount_point.starts_with("/sys/fs/cgroup/")) return ok("at " + mount->mount_point);
  return warn("at " + mount->mount_point +
                  ": this is right if the init system mounts all v1 hierarchies; on other hosts it breaks LXD, "
                  "rootless podman and systemctl status",
              "elsewhere unmount it: the agent and the hook mount it at /run/netclsd/net_cls");
}

// libuv (and with it Node.js and Bun), Elasticsearch and OpenSearch read only the first line of the file. While net_cls
// is mounted, that is not the line of cgroup v2.
Finding judge_first_line(const HostFacts& facts) {
  auto paths = CgroupPaths::parse(facts.init_cgroup);
  const bool is_mounted = paths.net_cls() != nullptr;
  std::erase_if(paths.entries, [](const CgroupEntry& entry) {
    return entry.hierarchy.empty() || has_controller(entry.hierarchy, "net_cls");
  });
  if (!paths.entries.empty())
    return ok("this host has cgroup v1 hierarchies besides net_cls: mounting it changes little");
  const std::string who = describe_misled(facts.misled);
  if (!is_mounted) {
    return ok(
        "a pure cgroup v2 host; while a container has a class, programs that read only the first line of "
        "/proc/self/cgroup do not find their memory limit. " +
        who);
  }
  const std::string text =
      "net_cls is mounted on a cgroup v2 host: programs that started since then and read only the first line of "
      "/proc/self/cgroup do not find their memory limit. " +
      who;
  return facts.misled.count == 0 ? ok(text) : warn(text, "give them their limit by hand (--max-old-space-size)");
}

Finding judge_rules_daemon(const HostFacts& facts) {
  if (!facts.rules_daemon) return ok("does not run");
  const std::string rule = first_net_cls_rule(facts.rules);
  if (rule.empty()) return ok("pid " + *facts.rules_daemon + " runs, and none of its rules names net_cls");
  return warn("pid " + *facts.rules_daemon +
                  " moves processes between net_cls groups, also those of containers, until the agent's next audit "
                  "brings them back",
              "take net_cls out of its rule " + in_quotes(rule));
}

}  // namespace netclsd::cli
