// "did you mean": the nearest of the known words. Pure.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace netclsd {

// At most two letters added, left out or changed, and fewer than half of them; std::nullopt when none is that near.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace netclsd
