// The OCI specs that containerd's CRI plugin begins a container with, and our hook in them. Reads the tree's files and
// asks its `ctr`, changes nothing.
#pragma once

#include <string>

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/hook_entry.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

// The handler's own base spec, or else what the host's containerd itself begins a container with, with our hook.
[[nodiscard]] Result<std::string> base_spec_for(const RootTree& tree, const RuntimeHandler& handler,
                                                const HookEntry& entry);

}  // namespace netclsd::cli
