// What is to be done for containerd on this host: which configuration it reads, and which files make it call the hook:
// base specs, and its configuration edited. If it cannot be edited, only the base specs, and a note that names the
// lines to write by hand. Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/hook_entry.h"
#include "cli/hook_install/manifest.h"
#include "cli/hook_install/options.h"
#include "cli/hook_install/plan.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

struct ContainerdWanted {
  std::string config_path;  // as containerd names it
  std::vector<WantedFile> files;
  std::vector<std::string> kept;  // managed files that stay as they are
  Generation generation = Generation::kOne;
  std::vector<std::string> found;  // lines for the report
  std::vector<std::string> notes;
  bool is_degraded = false;
};

[[nodiscard]] Result<ContainerdWanted> find_containerd_wanted(const RootTree& tree, const HookInstallOptions& options,
                                                              const HookEntry& entry, const Manifest& manifest);

}  // namespace netclsd::cli
