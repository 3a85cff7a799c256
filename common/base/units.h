// Durations and sizes as people write them: "500ms", "30s", "64MiB".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netclsd {

// A whole number and one of us, ms, s, m, h. At most 24 h.
[[nodiscard]] std::optional<std::chrono::microseconds> parse_duration(std::string_view text);
// The shortest exact spelling: 90 s → "90s", 500,000 µs → "500ms".
[[nodiscard]] std::string format_duration(std::chrono::microseconds duration);

// Bytes: a whole number, alone or with KiB, MiB or GiB. At most 2 GiB - 1, what setsockopt takes.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace netclsd
