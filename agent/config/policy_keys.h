// The key "policy" and what is below it: which pods may have which classids. Pure.
#pragma once

#include <array>

#include "agent/config/fields.h"

namespace netclsd {

[[nodiscard]] Result<void> read_policy(const ConfigValue& value, Config& config);
[[nodiscard]] Result<void> read_policy_rules(const ConfigValue& value, Config& config);
[[nodiscard]] Result<void> read_policy_on_refusal(const ConfigValue& value, Config& config);
[[nodiscard]] Result<void> read_policy_exclusive_classids(const ConfigValue& value, Config& config);

inline constexpr std::array<ConfigKey, 3> kPolicyKeys = {{
    {"rules", read_policy_rules},
    {"on_refusal", read_policy_on_refusal},
    {"exclusive_classids", read_policy_exclusive_classids},
}};

// What is checked when all keys are read: the default class is not of the policy alone.
[[nodiscard]] Result<void> check_policy(const ConfigValue& root, const Config& config);

}  // namespace netclsd
