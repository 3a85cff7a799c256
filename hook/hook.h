// The hook's flow, from the state on stdin to an outcome. Prints nothing and never exits.
#pragma once

#include <functional>
#include <string>

#include "hook/options.h"
#include "hook/placement/deadline.h"
#include "hook/placement/registering.h"
#include "hook/verdict.h"

namespace netclsd::hook {

// The hook's surroundings; tests supply their own.
struct HookWorld {
  int state_fd = 0;  // stdin
  std::string proc = "/proc";
  AskAgent ask_agent;
  Mounting mounting;
  // Called as soon as the hook knows which container the run is about: the watchdog needs it.
  std::function<void(const Subject&)> on_subject;
};

// `deadline` limits the time for the runtime's and the agent's answers. A part of the options' timeout is reserved for
// what the hook does when the agent does not answer.
[[nodiscard]] Outcome run_hook(const HookOptions& options, const HookWorld& world, Deadline deadline);

// How much of the timeout is reserved.
[[nodiscard]] std::chrono::milliseconds reserve_of(std::chrono::milliseconds timeout);

}  // namespace netclsd::hook
