// carry.looked in the state directory: the carrier has looked at all registrations that were there at this time, and
// done what it could for them. The agent waits for it before it answers a registration, so that a container's first
// packet is carried, too. The wall clock, which is the same in all time namespaces: if it is set at that very moment,
// one wait is too long or too short.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace netclsd {

inline constexpr const char* kCarryLookedName = "carry.looked";
inline constexpr std::size_t kCarryLookedMax_bytes = 32;

using LookedTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

// Nanoseconds since 1970, in decimal.
[[nodiscard]] std::string looked_text(LookedTime looked_at);
[[nodiscard]] std::optional<LookedTime> parse_looked(std::string_view text);

}  // namespace netclsd
