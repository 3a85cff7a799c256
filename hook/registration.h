// What the hook knows about a container that starts: read from the state, the bundle and /proc.
#pragma once

#include <optional>
#include <string>

#include "common/api/messages.h"
#include "common/oci/state.h"

namespace netclsd::hook {

struct Registration {
  ContainerId id;
  RegisterRequest request;
  std::optional<ClassRequest> wanted;  // absent: asks for nothing; the agent may have a default class
  bool is_pod_known = true;            // false: its annotations contradict each other, the agent is going to refuse it
};

// std::nullopt: a pause container, which is never managed. Changes nothing. `proc` is "/proc" but in tests.
[[nodiscard]] Result<std::optional<Registration>> read_registration(const OciState& state, const std::string& proc);

}  // namespace netclsd::hook
