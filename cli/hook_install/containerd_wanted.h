// What is to be done for containerd on this host: which configuration it reads, and which files make it call the hook:
// for containerd <= 1.7 its configuration edited, and base specs. Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "cli/hook_install/hook_entry.h"
#include "cli/hook_install/manifest.h"
#include "cli/hook_install/options.h"
#include "cli/hook_install/plan.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

struct ContainerdWanted {
  std::string config_path;  // as containerd names it
  std::vector<WantedFile> files;
  std::vector<std::string> kept;   // managed files that stay as they are
  bool wants_hooks_d = false;      // containerd 2: for NRI's hook-injector
  std::vector<std::string> found;  // lines for the report
  std::vector<std::string> notes;
  bool is_degraded = false;
};

[[nodiscard]] Result<ContainerdWanted> find_containerd_wanted(const RootTree& tree, const HookInstallOptions& options,
                                                              const HookEntry& entry, const Manifest& manifest);

}  // namespace netclsd::cli
