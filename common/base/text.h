// Small texts. Parsing is strict: nothing here skips white space, accepts signs or wraps around.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netclsd {

// All of `text` must be digits of `base`; std::nullopt when empty or above 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_unsigned(std::string_view text, int base = 10);

// "a:b:c" → {"a", "b", "c"}; at most `parts_max`, the last one keeps the rest.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator,
                                                  std::size_t parts_max = static_cast<std::size_t>(-1));

// What others wrote, for a line of ours: errors go into logs and onto terminals. What is no printable ASCII character
// is a '?', and of a long text only the beginning is there.
inline constexpr std::size_t kPrintableMax_bytes = 64;
[[nodiscard]] std::string printable(std::string_view text, std::size_t bytes_max = kPrintableMax_bytes);
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace netclsd
