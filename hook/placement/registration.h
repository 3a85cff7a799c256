// A container that starts, as the hook and the NRI plugin know it. Pure.
#pragma once

#include <optional>
#include <string>

#include "common/api/messages.h"
#include "common/model/annotations.h"
#include "common/model/container_id.h"

namespace netclsd::hook {

struct Registration {
  ContainerId id;
  RegisterRequest request;
  std::optional<ClassRequest> wanted;  // absent: asks for nothing; the agent may have a default class
  bool is_pod_known = true;            // false: its annotations contradict each other, and the agent will refuse it
};

// The annotations that decide about this container. A pod may have any number of annotations of any length, and the
// agent reads requests of a mebibyte at most. A value that is too long is refused after it was cut, too.
[[nodiscard]] Annotations deciding(const Annotations& annotations);

}  // namespace netclsd::hook
