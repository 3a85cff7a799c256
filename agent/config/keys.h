// The table of all keys: what the file may hold, and how each is read. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/fields.h"

namespace netclsd {

// The file's top-level keys.
[[nodiscard]] std::span<const ConfigKey> config_keys();

// "socket", "net_cls", "net_cls.mount", …: what the JSON Schema must list.
[[nodiscard]] std::vector<std::string> known_config_keys();

// What is checked when all keys are read, since a key may stand before what it speaks of.
[[nodiscard]] Result<void> resolve_default_class(const ConfigValue& root, Config& config);

// One key, "net_cls.mount", from text: what a flag gives. Errors begin with `flag`.
[[nodiscard]] Result<void> set_config_key(Config& config, std::string_view key, std::string text, std::string flag);

}  // namespace netclsd
