// What `netclsctl hook …` says at its end. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/hook_install/options.h"
#include "cli/hook_install/step.h"
#include "common/base/error.h"

namespace netclsd::cli {

// 0 done, 1 failed, 3 done but degraded; the text is for stdout, the error (without line feed) for stderr.
struct HookOutcome {
  int exit_status = 0;
  std::string text;
  std::string error;
};

struct HookReport {
  std::vector<std::string> found;  // what the host has, and what was decided
  Steps steps;                     // done, or in a dry run to be done
  std::vector<std::string> notes;  // what a person should know or do
  bool needs_restart = false;      // of containerd
  bool is_degraded = false;
};

[[nodiscard]] HookOutcome to_outcome(const HookReport& report, const HookOptions& options);
[[nodiscard]] HookOutcome to_outcome(const Error& error);

}  // namespace netclsd::cli
