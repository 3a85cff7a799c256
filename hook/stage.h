// Which moment of a container's life the hook is called at. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "common/base/error.h"

namespace netclsd::hook {

enum class Stage { kPrestart, kCreateRuntime, kPoststop };

[[nodiscard]] std::optional<Stage> parse_stage(std::string_view text);

enum class Task { kRegister, kRelease };

// A stage that was given wins over the state's status.
[[nodiscard]] Result<Task> choose_task(std::optional<Stage> stage, std::string_view status);

}  // namespace netclsd::hook
