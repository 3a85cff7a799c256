#include <algorithm>
#include <functional>
#include <set>

#include "cli/doctor/answers.h"
#include "cli/doctor/checks.h"
#include "cli/hook_install/bundles.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

constexpr const char* kSeeHookStatus = "netclsctl hook status says more; netclsctl hook install repairs it";

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

std::set<std::string, std::less<>> ids_of(const Result<Json>& answer) {
  std::set<std::string, std::less<>> ids;
  for (const Json* container : containers_in(answer)) ids.insert(FieldReader(*container).text("id"));
  return ids;
}

std::string describe_containerd(const ContainerdAnnotations& containerd) {
  return "containerd (" + printable(containerd.config_path, kMessageMax_bytes) + "): handler " +
         some_of(containerd.handlers_without);
}

}  // namespace

Finding judge_hook(const HostFacts& facts) {
  if (!facts.hook) return warn(printable(facts.hook.error().message(), kMessageMax_bytes), kSeeHookStatus);
  if (facts.hook->directory.empty())
    return ok("not installed by netclsctl: by hand, or not at all (netclsctl hook install)");
  if (!facts.hook->problems.empty()) return warn(facts.hook->problems.front(), kSeeHookStatus);
  return ok("version " + facts.hook->version + " in " + facts.hook->directory);
}

Finding judge_runtimes(const HostFacts& facts) {
  if (!facts.agent_status) return not_known();
  const std::string state = status_text(facts.agent_status, "hook.state");
  if (state.empty()) return ok("nobody has reported (netclsctl hook status does)");
  const std::string text =
      "hook " + state + ": " + status_text(facts.agent_status, "hook.message") + describe_runtimes(*facts.agent_status);
  if (state == "ok" || state == "disabled") return ok(text);
  return state == "failed" ? fail(text, kSeeHookStatus) : warn(text, kSeeHookStatus);
}

// podman passes on what --annotation says, and CRI-O all of a pod's. The NRI plugin gets them from the runtime itself.
Finding judge_annotations(const HostFacts& facts) {
  if (facts.containerds.empty()) return ok("no containerd runs here; other runtimes pass all of them to the hook");
  if (status_text(facts.agent_status, "nri.state") == "connected")
    return ok("the NRI plugin gets them from the runtime");
  const ContainerdAnnotations* lacking = nullptr;
  for (const ContainerdAnnotations& each : facts.containerds) {
    if (!each.unreadable_because.empty()) {
      return warn("not known: " + printable(each.unreadable_because, kMessageMax_bytes), kSeeHookStatus);
    }
    if (each.handlers_without.empty()) continue;
    if (each.calls_hook) {
      return warn(
          describe_containerd(each) + " calls the hook and does not pass netclsd.io/* to it: it sees no class",
          "netclsctl hook install, or pod_annotations = [\"netclsd.io/*\"] in the handler's table and a restart");
    }
    lacking = &each;
  }
  if (lacking == nullptr) return ok("containerd passes netclsd.io/* to the hook");
  return ok(describe_containerd(*lacking) + " does not pass netclsd.io/* to hooks, and does not call ours");
}

// A node without the plugin is in order, and so is one whose plugin has no runtime: the hook may be the way there.
Finding judge_nri(const HostFacts& facts) {
  if (!facts.agent_status) return not_known();
  const std::string state = status_text(facts.agent_status, "nri.state");
  if (state.empty())
    return ok(facts.has_nri_socket ? "a runtime offers it, and no plugin of ours is there" : "no runtime offers it");
  const std::string version = status_text(facts.agent_status, "nri.version");
  const std::string runtime = status_text(facts.agent_status, "nri.runtime");
  const std::string message = status_text(facts.agent_status, "nri.message");
  const std::string text = "the plugin" + (version.empty() ? "" : " (" + version + ")") + " is " + state +
                           (runtime.empty() ? "" : ", " + runtime) + (message.empty() ? "" : ": " + message);
  if (state == "connected") return ok(text);
  if (status_text(facts.agent_status, "hook.state") == "ok") return ok(text + "; the hook is called instead");
  return warn(text, "docs/operations.md, NetclsdNriDisconnected");
}

Finding judge_containers(const HostFacts& facts) {
  if (!facts.agent_containers) return not_known();
  const auto known = ids_of(facts.agent_containers);
  std::vector<std::string> missing;
  for (const AskingContainer& each : facts.asking.found) {
    if (!known.contains(each.id)) missing.push_back(printable(each.name, kMessageMax_bytes));
  }
  const std::string count = std::to_string(facts.asking.found.size()) + " that ask for a class by an annotation";
  const std::string limit =
      facts.asking.is_complete ? "" : " (of the first " + std::to_string(kBundlesMax) + " bundles)";
  if (missing.empty()) return ok(count + " in their bundle, and the agent knows all of them" + limit);
  return warn(std::to_string(missing.size()) + " of " + count + limit + " are not registered: " + some_of(missing),
              "they were refused (netclsctl explain PID says why), or started when nobody told the agent: start them "
              "again");
}

}  // namespace netclsd::cli
