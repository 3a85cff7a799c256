// Which container runtimes this host has, which files they need, and what these files are now. Changes nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/hook_install/hook_entry.h"
#include "cli/hook_install/options.h"
#include "cli/hook_install/own_directory.h"
#include "cli/hook_install/plan.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

struct FoundRuntime {
  Runtime runtime;
  std::string where;  // what shows that it is there
};

[[nodiscard]] std::vector<FoundRuntime> find_runtimes(const RootTree& tree);

struct Wanted {
  std::vector<WantedFile> files;
  std::vector<std::string> kept;
  FilesNow now;
  std::vector<std::string> missing_directories;
  std::vector<std::string> found;  // lines for the report
  std::vector<std::string> notes;
  bool is_degraded = false;
  std::vector<std::string> runtimes = {};  // that are to be hooked
  std::string containerd_config = {};      // as containerd names it; empty: it is left alone
};

[[nodiscard]] Result<Wanted> find_wanted(const RootTree& tree, const HookInstallOptions& options,
                                         const HookEntry& entry, const Manifest& manifest);

}  // namespace netclsd::cli
