// What each `netclsctl hook …` says at its end: to the user, and to the agent, whose status, metric and alert go by
// hook.json in its state directory.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/hook_install/options.h"
#include "cli/hook_install/root_tree.h"
#include "cli/hook_install/runtime_state.h"
#include "cli/hook_install/step.h"
#include "common/base/error.h"
#include "common/json/fields.h"

namespace netclsd::cli {

inline constexpr int kHookDegraded = 3;  // an exit status

// 0 done, 1 failed, 3 done but degraded; the text is for stdout, the error (without line feed) for stderr.
struct HookOutcome {
  int exit_status = 0;
  std::string text;
  std::string error;
};

struct HookReport {
  std::string summary;                      // in one line, if all is well
  std::vector<std::string> found;           // what the host has, and what was decided
  Steps steps;                              // done, or in a dry run to be done
  std::vector<std::string> notes;           // what a person should know or do
  std::vector<RuntimeState> runtimes = {};  // as they are afterwards
  bool needs_restart = false;               // of containerd
  bool is_degraded = false;
};

[[nodiscard]] HookOutcome to_outcome(const HookReport& report, const HookOptions& options);
[[nodiscard]] HookOutcome to_outcome(const Error& error);

// The notes in one line; empty if there are none.
[[nodiscard]] std::string all_notes(const HookReport& report);

// Whether a CRI-O runs that will not call the hook before it is restarted.
[[nodiscard]] bool waits_for_crio(const HookReport& report);

struct AgentReport {
  enum class State {
    kOk,
    kDegraded,  // installed, and something needs a person, or a runtime a restart
    kFailed,    // nothing was done, or only a part
    kDisabled,  // there is no hook, as intended
  };
  State state = State::kOk;
  std::string message;  // one line
  std::vector<RuntimeState> runtimes = {};
};

// For hook.json and for `hook status -o json`, which have different names for the runtimes.
[[nodiscard]] OrderedJson to_json_value(std::string_view runtime, const RuntimeState& state);

// Pure.
[[nodiscard]] std::string to_json(const AgentReport& report, std::chrono::system_clock::time_point now);

// Writes nothing if there is no such directory: then no agent has run here since the last boot. The directory must be
// root's, and only root may write in it.
[[nodiscard]] Result<void> write_agent_report(const RootTree& tree, const std::string& directory,
                                              const std::string& text);

// The end of each command: writes the report for the agent. If that fails, the outcome's error says so; nothing else
// changes.
[[nodiscard]] HookOutcome conclude(const RootTree& tree, const HookOptions& options, HookOutcome outcome,
                                   const AgentReport& report);

// With --exit-zero the exit status is 0; text and error stay.
[[nodiscard]] HookOutcome with_exit_status(const HookOptions& options, HookOutcome outcome);

}  // namespace netclsd::cli
