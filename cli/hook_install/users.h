// What still needs what we installed: containers whose bundle has the hook, and files of others that name our base
// specs, such as a drop-in with a copy of the CRI plugin's table. containerd's CRI plugin does not start if a base spec
// is missing, so such a spec has to stay when the hook is removed. Changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/hook_install/manifest.h"
#include "cli/hook_install/plan.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

// The config.json of the first bundle whose container may still call the hook; std::nullopt: there is none. Once a
// container is created, it no longer calls a hook that is only for the stage prestart. A containerd that has not read
// its new configuration may call the hook as well: find_older_containerd().
[[nodiscard]] std::optional<std::string> find_bundle_calling(const RootTree& tree, const std::string& hook);

struct NamedSpecs {
  Hookless specs;
  std::vector<std::string> notes;  // which file names which, and what to do
};

// `hook` is the path that is removed from these specs. Where we ourselves have written a spec's name does not count.
[[nodiscard]] NamedSpecs find_named_specs(const RootTree& tree, const Manifest& manifest, const FilesNow& now,
                                          const std::string& hook);

}  // namespace netclsd::cli
