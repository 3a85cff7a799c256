// Who may still call the hook: containers whose bundle names it, and a containerd that has not read its configuration
// again since we changed it.
#pragma once

#include <optional>
#include <string>

#include "cli/hook_install/manifest.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

// The first bundle whose config.json contains `text`; std::nullopt: none.
[[nodiscard]] std::optional<std::string> find_bundle_naming(const RootTree& tree, std::string_view text);

// std::nullopt: the host's /proc is not there, so nothing of the host runs here (an image's tree).
[[nodiscard]] std::optional<ChangeTime> current_time(const RootTree& tree);

// A containerd of this host, with /etc/containerd/config.toml, was started before `changed`.
[[nodiscard]] bool has_older_containerd(const RootTree& tree, const ChangeTime& changed);

}  // namespace netclsd::cli
