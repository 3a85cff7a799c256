// Whether a container runtime of this host really calls our hook: what is written is one thing, what the running
// process has read another. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/model/process.h"

namespace netclsd::cli {

struct RuntimeState {
  enum class State {
    kOk,             // it calls the hook for every container that it starts
    kRestartNeeded,  // written, but the running process was started earlier and has not read it
    kMissing,        // what it reads does not name the hook
    kFailed,         // what it reads could not be examined
  };

  std::string runtime;  // "podman", "cri-o" or "containerd"
  State state = State::kOk;
  std::string message;                    // one sentence; empty when all is well
  std::optional<ProcessKey> not_read_by;  // of kRestartNeeded: the process that has to be restarted
  friend bool operator==(const RuntimeState&, const RuntimeState&) = default;
};

[[nodiscard]] constexpr std::string_view to_string(RuntimeState::State state) {
  switch (state) {
    case RuntimeState::State::kOk:
      return "ok";
    case RuntimeState::State::kRestartNeeded:
      return "restart_needed";
    case RuntimeState::State::kMissing:
      return "missing";
    case RuntimeState::State::kFailed:
      return "failed";
  }
  return "";
}

}  // namespace netclsd::cli
