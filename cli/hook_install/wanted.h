// Which files the runtimes of this host need, and where they are now. Reads, writes nothing.
#pragma once

#include <string>
#include <vector>

#include "cli/hook_install/hook_entry.h"
#include "cli/hook_install/options.h"
#include "cli/hook_install/own_directory.h"
#include "cli/hook_install/plan.h"

namespace netclsd::cli {

struct Wanted {
  std::vector<WantedFile> files;
  std::vector<std::string> kept;
  FilesNow now;
  std::vector<std::string> missing_directories;
  std::vector<std::string> found;  // lines for the report
  std::vector<std::string> notes;
  bool is_degraded = false;
};

[[nodiscard]] Result<Wanted> find_wanted(const RootTree& tree, const HookInstallOptions& options,
                                         const HookEntry& entry, const Manifest& manifest);

}  // namespace netclsd::cli
