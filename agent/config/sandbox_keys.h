// The keys of "sandbox": how the agent confines itself. Pure.
#pragma once

#include <span>

#include "agent/config/fields.h"

namespace netclsd {

[[nodiscard]] std::span<const ConfigKey> sandbox_keys();
[[nodiscard]] Result<void> read_sandbox(const ConfigValue& value, Config& config);

}  // namespace netclsd
