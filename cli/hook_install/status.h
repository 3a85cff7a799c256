// What is installed, and what is wrong with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/hook_install/own_directory.h"
#include "cli/hook_install/root_tree.h"

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
  bool needs_restart = false;
  std::vector<std::string> problems = {};
};

[[nodiscard]] Result<HookStatus> find_hook_status(const RootTree& tree);

}  // namespace netclsd::cli
