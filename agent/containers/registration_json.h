// A registration as the text of its state file. Pure; what is read is not trusted.
#pragma once

#include <string>
#include <string_view>

#include "agent/containers/registration.h"

namespace netclsd {

inline constexpr std::uint64_t kStateVersion = 1;

[[nodiscard]] std::string registration_to_json(const Registration& registration);
[[nodiscard]] Result<Registration> registration_from_json(std::string_view text);

}  // namespace netclsd
