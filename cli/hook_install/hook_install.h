// netclsctl hook install|uninstall|status: gathers what is there, decides (plan.h), does it, and says what it did.
#pragma once

#include "cli/hook_install/options.h"
#include "cli/hook_install/report.h"

namespace netclsd::cli {

[[nodiscard]] HookOutcome install_hook(const HookInstallOptions& options);
[[nodiscard]] HookOutcome uninstall_hook(const HookOptions& options);
// 3 where something is not as it should be, and where nothing is installed.
[[nodiscard]] HookOutcome show_hook(const HookOptions& options);

}  // namespace netclsd::cli
