// The tables of all keys: what the file may hold, and how each is read. Those of "policy" are in policy_keys.cpp, those
// of "carry" in carry_keys.cpp, all others in keys.cpp. Pure.
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

// Checked after all keys are read, since "default_class" may stand before the classes it names.
[[nodiscard]] Result<void> resolve_default_class(const ConfigValue& root, Config& config);

// One key, "net_cls.mount", from text: what a flag gives. Errors begin with `flag`.
[[nodiscard]] Result<void> set_config_key(Config& config, std::string_view key, std::string text, std::string flag);

// "policy", and the keys below it: which pods may have which classids.
[[nodiscard]] Result<void> read_policy(const ConfigValue& value, Config& config);
[[nodiscard]] std::span<const ConfigKey> policy_keys();

// Checked after all keys are read: a policy that falls back to the default class needs one, and may not reserve it.
[[nodiscard]] Result<void> check_policy(const ConfigValue& root, const Config& config);

// "carry", and the keys below it: whether and how the class is carried over the veth.
[[nodiscard]] Result<void> read_carry(const ConfigValue& value, Config& config);
[[nodiscard]] std::span<const ConfigKey> carry_keys();

// Called after all keys are read, since "carry" may stand before the classes that its map names.
[[nodiscard]] Result<void> check_carry(const ConfigValue& root, Config& config);

}  // namespace netclsd
