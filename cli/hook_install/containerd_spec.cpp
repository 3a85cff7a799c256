#include "cli/hook_install/containerd_spec.h"

#include <utility>

#include "cli/hook_install/containerd_view.h"
#include "cli/hook_install/host.h"

namespace netclsd::cli {
namespace {

OrderedJson default_spec(const RootTree& tree) {
  OrderedJson built_in = *parse_spec(built_in_spec(), "the built-in spec");
  const auto ctr = find_program(tree, "ctr");
  if (!ctr) return without_security_defaults(built_in);
  const auto output = run_in_root(tree.root(), {*ctr, "oci", "spec"});
  if (!output || output->exit_status != 0) return without_security_defaults(built_in);
  return without_security_defaults(parse_spec(output->text, "ctr oci spec").value_or(built_in));
}

Result<OrderedJson> spec_of(const RootTree& tree, const RuntimeHandler& handler) {
  const std::string& path = handler.base_runtime_spec;
  if (path.empty()) return default_spec(tree);
  const auto file = tree.read(path, kConfigurationMax_bytes);
  if (!file) return pass_on(file.error());
  if (*file) return parse_spec((*file)->content, path);
  if (path.starts_with(kSpecPrefix)) return default_spec(tree);  // our lines, written by hand before we came
  return failure(ErrorCode::kNotFound, "base_runtime_spec of handler " + handler.name + ", " + path +
                                           ", is not there; containerd's CRI plugin does not start so");
}

}  // namespace

Result<std::string> base_spec_for(const RootTree& tree, const RuntimeHandler& handler, const HookEntry& entry) {
  auto spec = spec_of(tree, handler);
  if (!spec) return pass_on(spec.error());
  return add_hook(std::move(*spec), entry);
}

}  // namespace netclsd::cli
