// Small texts: reading, writing and comparing them. Parsing is strict: nothing here skips white space, accepts signs or
// wraps around. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netclsd {

// All of `text` must be digits of `base`; std::nullopt when empty or above 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_unsigned(std::string_view text, int base = 10);

[[nodiscard]] bool contains(const std::vector<std::string>& texts, std::string_view text);
// At the end, unless it is there already.
void add_once(std::vector<std::string>& texts, const std::string& text);

// "a:b:c" → {"a", "b", "c"}; at most `parts_max`, the last one keeps the rest.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator,
                                                  std::size_t parts_max = static_cast<std::size_t>(-1));

// The numbers of a version: "6.18.44-fc" or "1.7.15~ds1". What follows digits and dots is left out; a number that is
// not there is 0. std::nullopt: there are fewer than `numbers_min`, or one is none.
using Version = std::array<std::uint64_t, 3>;
[[nodiscard]] std::optional<Version> parse_version(std::string_view text, std::size_t numbers_min);

// The number of bytes of the UTF-8 character that begins at `at`. 0: there is none.
[[nodiscard]] std::size_t utf8_length_at(std::string_view text, std::size_t at);
[[nodiscard]] bool is_utf8(std::string_view text);

// Makes a text of others safe for logs and terminals: a '?' replaces each byte that is not a printable ASCII character,
// and a long text is cut.
inline constexpr std::size_t kPrintableMax_bytes = 64;
[[nodiscard]] std::string printable(std::string_view text, std::size_t bytes_max = kPrintableMax_bytes);
[[nodiscard]] std::string in_quotes(std::string_view text);

// A hint for the end of an error about a value: says that there are line breaks or blanks around it, which are easy to
// miss. Empty if there are none.
[[nodiscard]] std::string hint_at_blanks(std::string_view text);

// Durations as people write them, "500ms" or "30s": a whole number and one of us, ms, s, m, h. At most 24 h.
[[nodiscard]] std::optional<std::chrono::microseconds> parse_duration(std::string_view text);
// In s, or else in ms or us, so that it is exact: 90 s → "90s", 500,000 µs → "500ms".
[[nodiscard]] std::string format_duration(std::chrono::microseconds duration);

// Bytes, "64MiB": a whole number, alone or with KiB, MiB or GiB. At most 2 GiB - 1, the maximum of setsockopt.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

// The time as API and logs write it, RFC 3339 in UTC with milliseconds: "2024-02-29T12:00:00.250Z".
[[nodiscard]] std::string format_utc(std::chrono::system_clock::time_point time);

// '*' matches any number of characters, '?' matches any one, and all others match themselves. At most pattern.size() ×
// text.size() steps, because only the last '*' is tried again.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace netclsd
