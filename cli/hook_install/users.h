// Who may still call the hook: containers whose bundle has it, and a containerd that has not read its configuration
// again since we changed it.
#pragma once

#include <optional>
#include <string>

#include "cli/hook_install/manifest.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

// The config.json of the first bundle whose container may still call the hook; std::nullopt: none. A hook of the stage
// prestart alone is not called any more once the container was created.
[[nodiscard]] std::optional<std::string> find_bundle_calling(const RootTree& tree, const std::string& hook);

// std::nullopt: the host's /proc is not there, so nothing of the host runs here (an image's tree).
[[nodiscard]] std::optional<ChangeTime> current_time(const RootTree& tree);

// A containerd that reads this tree's /etc/containerd/config.toml was started before `changed`.
[[nodiscard]] bool has_older_containerd(const RootTree& tree, const ChangeTime& changed);

}  // namespace netclsd::cli
