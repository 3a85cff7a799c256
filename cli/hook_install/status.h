// What is installed, and what is wrong with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/hook_install/own_directory.h"
#include "cli/hook_install/root_tree.h"
#include "cli/hook_install/runtime_state.h"

namespace netclsd::cli {

struct HookFile {
  std::string path;
  FileCondition condition = FileCondition::kOurs;
};

struct HookStatus {
  std::string directory;  // empty: nothing is installed
  std::string version;
  InstallState state = InstallState::kInstalled;
  std::vector<HookFile> files = {};
  std::vector<RuntimeState> runtimes = {};
  bool needs_restart = false;
  std::vector<std::string> problems = {};
};

// Of the runtimes that this installation is for and that can be examined.
[[nodiscard]] std::vector<RuntimeState> find_runtime_states(const RootTree& tree, const Manifest& manifest);

// `asked`: a directory to search first; empty: none.
[[nodiscard]] Result<HookStatus> find_hook_status(const RootTree& tree, const std::string& asked = {});

}  // namespace netclsd::cli
