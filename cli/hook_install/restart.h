// Restarting containerd, so that it reads what was changed.
#pragma once

#include "cli/hook_install/report.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

[[nodiscard]] Result<void> restart_containerd(const RootTree& tree);

}  // namespace netclsd::cli
