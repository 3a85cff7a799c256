// What of a configuration of containerd is to be edited, and what cannot be. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/containerd_view.h"

namespace netclsd::cli {

// What no edit of the main file can mend: containerd does not start so.
[[nodiscard]] Result<void> check_config(const std::string& path, const ContainerdConfig& config, Generation generation);

// The handlers of the main file, and for containerd 2 of what it imports, too. There the old forms do not count any
// more, but they are edited: the same file will do after a step back.
[[nodiscard]] std::vector<RuntimeHandler> all_handlers(const ContainerdView& view);

// Whether the main file's table of the handler lacks what we write.
[[nodiscard]] bool is_to_be_edited(const RuntimeHandler& handler, const ContainerdConfig& main);

// Why the main file is left alone whatever its handlers are; empty: it is not.
[[nodiscard]] std::string why_left_alone(const ContainerdView& view);

// The part of it that is about an imported file of a newer version than the main file.
[[nodiscard]] std::string find_newer(const ContainerdView& view);

// containerd <= 1.7: says which imported file's table of the CRI plugin replaces that of the main file.
[[nodiscard]] std::string replaced_text(const ContainerdView& view);

}  // namespace netclsd::cli
