#include <fnmatch.h>

#include <algorithm>

#include "cli/doctor/read_facts.h"
#include "cli/hook_install/bundles.h"
#include "cli/hook_install/containerd_state.h"
#include "cli/hook_install/containerd_view.h"
#include "common/base/text.h"
#include "common/oci/oci.h"

namespace netclsd::cli {
namespace {

// One that asks in a wrong way asks, too. Pause containers have their pod's annotations.
bool asks_for_class(const Annotations& annotations) {
  const auto identity = pod_identity(annotations);
  if (identity && identity->is_sandbox) return false;
  const auto request = class_request(annotations, std::nullopt);
  return !request || request->has_value();
}

std::string describe_bundle(const Bundle& bundle, const Annotations& annotations) {
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
  return AskingContainer{bundle.container, describe_bundle(bundle, spec->annotations) + " (pid " + pid + ")"};
}

// containerd compares by Go's path.Match, where no wildcard takes a slash.
bool passes_our_annotations(const RuntimeHandler& handler) {
  return handler.passes_our_annotations ||
         std::any_of(handler.other_annotations.begin(), handler.other_annotations.end(),
                     [](const std::string& pattern) {
                       return ::fnmatch(pattern.c_str(), kClassIdAnnotation, FNM_PATHNAME) == 0;
                     });
}

bool spec_calls_hook(const RootTree& tree, const RuntimeHandler& handler) {
  if (handler.base_runtime_spec.empty()) return false;
  const auto spec = tree.read(handler.base_runtime_spec, kSpecMax_bytes);
  return spec && *spec && (*spec)->content.find("netclsd-hook") != std::string::npos;
}

// Its own word counts first, as in hook status.
Result<std::vector<RuntimeHandler>> handlers_of(const RootTree& tree, const RunningContainerd& running) {
  if (const auto dump = dump_containerd(tree, running.program, running.config_path)) return dump->handlers;
  const auto view = read_containerd_view(tree, running.config_path);
  return view ? Result<std::vector<RuntimeHandler>>(view->handlers()) : pass_on(view.error());
}

ContainerdAnnotations look_at_handlers(const RootTree& tree, const RunningContainerd& running) {
  ContainerdAnnotations found{.config_path = running.config_path};
  const auto handlers = handlers_of(tree, running);
  if (!handlers) {
    found.unreadable_because = handlers.error().message();
    return found;
  }
  for (const RuntimeHandler& handler : *handlers) {
    if (!is_runc(handler) || passes_our_annotations(handler)) continue;
    found.handlers_without.push_back(printable(handler.name));
    found.calls_hook = found.calls_hook || spec_calls_hook(tree, handler);
  }
  return found;
}

}  // namespace

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

std::vector<ContainerdAnnotations> find_annotations(const std::string& root) {
  std::vector<ContainerdAnnotations> found;
  const auto tree = RootTree::open(root);
  if (!tree) return found;
  for (const RunningContainerd& each : find_cri_containerds(*tree)) found.push_back(look_at_handlers(*tree, each));
  return found;
}

}  // namespace netclsd::cli
