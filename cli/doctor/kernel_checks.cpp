#include <array>
#include <compare>
#include <utility>

#include "cli/doctor/answers.h"
#include "cli/doctor/checks.h"
#include "common/base/text.h"
#include "common/net_cls/kernel_flaws.h"

namespace netclsd::cli {
namespace {

constexpr Version kCarriesSince{5, 10, 0};
constexpr Version kHasTcxSince{6, 6, 0};
constexpr std::size_t kVersionNumbersMin = 2;  // "6.18"

// A release that is no version is taken for a new one.
bool is_older(std::string_view release, const Version& than) {
  return parse_version(release, kVersionNumbersMin).value_or(than) < than;
}

struct NeededOption {
  enum class By { kAgent, kCarrier, kCarrierWithoutTcx };
  const char* name;
  bool may_be_module;
  By by;
};

// What net_cls itself needs is told by /proc/cgroups, not by iptables' match "cgroup", which needs none of it.
constexpr std::array kNeededOptions = {
    NeededOption{"CGROUP_NET_CLASSID", false, NeededOption::By::kAgent},
    NeededOption{"CONNECTOR", false, NeededOption::By::kAgent},
    NeededOption{"PROC_EVENTS", false, NeededOption::By::kAgent},
    NeededOption{"BPF_SYSCALL", false, NeededOption::By::kCarrier},
    NeededOption{"NET_CLS_ACT", false, NeededOption::By::kCarrierWithoutTcx},
    NeededOption{"NET_CLS_BPF", true, NeededOption::By::kCarrierWithoutTcx},
    NeededOption{"NET_SCH_INGRESS", true, NeededOption::By::kCarrierWithoutTcx},
};

bool is_needed(const NeededOption& option, const HostFacts& facts) {
  if (option.by == NeededOption::By::kAgent) return true;
  if (!carry_wanted(facts.agent_status).is_on) return false;
  return option.by == NeededOption::By::kCarrier || is_older(facts.kernel_release, kHasTcxSince);
}

bool is_there(const NeededOption& option, const KernelConfig& config) {
  const auto found = config.find(option.name);
  return found != config.end() && (found->second == 'y' || option.may_be_module);
}

// The texts of kernel_flaws.h say first what is wrong, and then what to change.
std::pair<std::string, std::string> parted(const std::string& text, std::string_view at) {
  const std::size_t found = text.find(at);
  if (found == std::string::npos) return {text, ""};
  return {text.substr(0, found), text.substr(found + at.size())};
}

}  // namespace

Finding judge_kernel(const HostFacts& facts) {
  const std::string name = "Linux " + printable(facts.kernel_release);
  const auto keeps_matching = keeps_cgroup2_matching(facts.kernel_release);
  if (!keeps_matching) return warn(name + ": version not understood", "compare docs/kernels.md yourself");
  if (carry_wanted(facts.agent_status).is_on && is_older(facts.kernel_release, kCarriesSince)) {
    return fail(name + " cannot carry the class over a veth: a BPF program cannot read it there before Linux 5.10",
                "use Linux 5.10 or newer, or take carry out of the configuration");
  }
  if (!*keeps_matching) return warn(name + " is " + kBreaksCgroup2Matching, "use Linux 5.15 (5.10.226) or newer");
  return ok(name);
}

Finding judge_kernel_options(const HostFacts& facts) {
  if (!facts.kernel_config)
    return ok("not known: " + printable(facts.kernel_config.error().message(), kMessageMax_bytes));
  std::string missing;
  std::size_t needed = 0;
  for (const NeededOption& option : kNeededOptions) {
    if (!is_needed(option, facts)) continue;
    ++needed;
    if (is_there(option, *facts.kernel_config)) continue;
    missing += (missing.empty() ? "CONFIG_" : ", CONFIG_") + std::string(option.name) + "=y" +
               (option.may_be_module ? " (or m)" : "");
  }
  if (missing.empty()) return ok("all " + std::to_string(needed) + " that are needed are on");
  return fail("this kernel was built without what is needed", "use a kernel built with " + missing);
}

Finding judge_process_events(const HostFacts& facts) {
  for (const std::string_view line : split(facts.connectors, '\n')) {
    if (line.starts_with("cn_proc ")) return ok("the kernel offers cn_proc");
  }
  return fail(
      "/proc/net/connector does not list cn_proc: this is not the host's network namespace, or the kernel was built "
      "without process events",
      std::string("run it in the host's network namespace (hostNetwork: true); use a kernel built with ") +
          kProcessEventOptions);
}

Finding judge_net_cls(const HostFacts& facts) {
  const std::string cause = what_prevents_net_cls(facts.controllers, facts.boot_parameters);
  if (cause.empty()) return ok("the kernel has the controller");
  const auto [what, mend] = parted(cause, ": ");
  return fail(what, mend);
}

Finding judge_favordynmods(const HostFacts& facts) {
  const std::string cause =
      what_forbids_early_moves(facts.kernel_release, {facts.mountinfo, facts.hosts_mountinfo}, facts.boot_parameters);
  if (cause.empty()) return ok("moves cannot crash this kernel, as far as its mounts tell");
  const auto [what, mend] = parted(cause, "; ");
  return warn(what, mend);
}

}  // namespace netclsd::cli
