// netclsctl hook install|uninstall|status: gathers what is there, decides (plan.h), does it, and reports what it did.
#pragma once

#include "cli/hook_install/options.h"
#include "cli/hook_install/report.h"

namespace netclsd::cli {

[[nodiscard]] HookOutcome install_hook(const HookInstallOptions& options);
[[nodiscard]] HookOutcome uninstall_hook(const HookOptions& options);
// status.cpp. Exit status 3 if something is wrong, or nothing is installed.
[[nodiscard]] HookOutcome show_hook(const HookOptions& options);

}  // namespace netclsd::cli
