#include "cli/doctor_checks.h"

#include <array>
#include <compare>

#include "common/base/text.h"
#include "common/json/fields.h"
#include "common/net_cls/kernel_version.h"
#include "common/net_cls/mount.h"

namespace netclsd::cli {
namespace {

// One line: "net_cls  HIERARCHY  GROUPS  ENABLED", tabs between.
bool is_enabled_net_cls(std::string_view line) {
  const auto fields = split(line, '\t');
  return fields.size() == 4 && fields[0] == "net_cls" && fields[3] == "1";
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
          "/proc/net/connector does not list cn_proc: kernel without CONFIG_PROC_EVENTS, or not the host's network "
          "namespace"};
}

Check check_controller(std::string_view proc_cgroups) {
  for (const std::string_view line : split(proc_cgroups, '\n')) {
    if (is_enabled_net_cls(line)) return {Verdict::kOk, "net_cls", "the kernel has the controller"};
  }
  return {Verdict::kFail, "net_cls",
          "/proc/cgroups does not list net_cls as enabled: kernel without CONFIG_CGROUP_NET_CLASSID, or "
          "cgroup_disable=net_cls"};
}

Check check_mount(std::string_view mountinfo) {
  const auto mount = find_net_cls_mount(mountinfo);
  if (!mount) return {Verdict::kOk, "hierarchy", "not mounted in this mount namespace; the agent mounts its own"};
  if (!mount->mount_point.starts_with("/sys/fs/cgroup/"))
    return {Verdict::kOk, "hierarchy", "at " + mount->mount_point};
  return {Verdict::kWarn, "hierarchy",
          "at " + mount->mount_point +
              ": right where the init system mounts every v1 hierarchy, but on other hosts it breaks LXD, rootless "
              "podman and systemctl status"};
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

std::vector<Check> run_checks(const HostFacts& facts) {
  return {check_root(facts.is_root),
          check_kernel(facts.kernel_release),
          check_connector(facts.connectors),
          check_controller(facts.controllers),
          check_mount(facts.mountinfo),
          check_spool(facts.spool_entries),
          check_agent(facts.agent_status),
          check_hook(facts.hook),
          {Verdict::kOk, "veth",
           "a packet's classid can be read at tc ingress of the host's end of a veth, and nowhere behind it"}};
}

}  // namespace netclsd::cli
