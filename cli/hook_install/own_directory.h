// The directory on the host that holds the hook's program, its link and the manifest.
#pragma once

#include <optional>
#include <string>

#include "cli/hook_install/manifest.h"
#include "cli/hook_install/plan.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

struct Installation {
  std::string directory;
  Manifest manifest;
};

// std::nullopt: nothing is installed.
[[nodiscard]] Result<std::optional<Installation>> find_installation(const RootTree& tree);

// Where to install: the first one that can be written and whose mount lets programs run. The error names each and why.
[[nodiscard]] Result<std::string> choose_directory(const RootTree& tree);

[[nodiscard]] Result<OwnDirectory> look_at(const RootTree& tree, const std::string& directory,
                                           const Manifest* manifest);

// What an installation leaves that was killed before its first manifest: an empty directory.
[[nodiscard]] Result<void> remove_unfinished(const RootTree& tree);

[[nodiscard]] Result<FilesNow> read_files(const RootTree& tree, const Manifest& manifest);

}  // namespace netclsd::cli
