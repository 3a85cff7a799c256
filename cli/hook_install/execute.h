// Doing the steps, one after the other.
#pragma once

#include "cli/hook_install/root_tree.h"
#include "cli/hook_install/step.h"

namespace netclsd::cli {

// Stops at the first step that fails; the error says which.
[[nodiscard]] Result<void> execute(const RootTree& tree, const Steps& steps);

}  // namespace netclsd::cli
