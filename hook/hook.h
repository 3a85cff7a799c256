// The hook's flow, from the state on stdin to an outcome. Prints nothing and never exits.
#pragma once

#include <functional>
#include <string>

#include "common/api/client.h"
#include "hook/deadline.h"
#include "hook/options.h"
#include "hook/verdict.h"

namespace netclsd::hook {

// The world as the hook sees it; tests hand in their own.
struct HookWorld {
  int state_fd = 0;  // stdin
  std::string proc = "/proc";
  std::function<Result<ApiResponse>(const ApiRequest&, std::chrono::milliseconds timeout)> ask_agent;
  // Told whom the run is about as soon as that is known: the watchdog needs it.
  std::function<void(const Subject&)> on_subject;
};

// `deadline` bounds the waiting for the runtime and the agent; a part of the options' timeout is kept back for what is
// to be done without the agent.
[[nodiscard]] Outcome run_hook(const HookOptions& options, const HookWorld& world, Deadline deadline);

// How much of the timeout is kept back.
[[nodiscard]] std::chrono::milliseconds reserve_of(std::chrono::milliseconds timeout);

}  // namespace netclsd::hook
