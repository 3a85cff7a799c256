#include "common/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace netclsd {

std::optional<std::uint64_t> parse_unsigned(std::string_view text, int base) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator, std::size_t parts_max) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < parts_max) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

std::optional<Version> parse_version(std::string_view text, std::size_t numbers_min) {
  Version version{};
  const auto parts = split(text.substr(0, text.find_first_not_of("0123456789.")), '.', version.size() + 1);
  if (parts.size() < numbers_min) return std::nullopt;
  for (std::size_t i = 0; i < version.size() && i < parts.size(); ++i) {
    const auto number = parse_unsigned(parts[i]);
    if (!number) return std::nullopt;
    version[i] = *number;
  }
  return version;
}

bool contains(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

void add_once(std::vector<std::string>& texts, const std::string& text) {
  if (!contains(texts, text)) texts.push_back(text);
}

std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string out;
  for (const char c : text.substr(0, bytes_max)) out.push_back(c >= ' ' && c <= '~' ? c : '?');
  return out + (text.size() > bytes_max ? "…" : "");
}

std::size_t utf8_length_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t offset) { return static_cast<unsigned char>(text[at + offset]); };
  const unsigned first = byte(0);
  if (first < 0x80U) return 1;
  const std::size_t length = first >= 0xF0U ? 4 : first >= 0xE0U ? 3 : 2;
  if (first < 0xC2U || first > 0xF4U || at + length > text.size()) return 0;
  for (std::size_t offset = 1; offset < length; ++offset) {
    if ((byte(offset) & 0xC0U) != 0x80U) return 0;
  }
  const bool is_overlong = (first == 0xE0U && byte(1) < 0xA0U) || (first == 0xF0U && byte(1) < 0x90U);
  const bool is_no_character = (first == 0xEDU && byte(1) >= 0xA0U) || (first == 0xF4U && byte(1) >= 0x90U);
  return is_overlong || is_no_character ? 0 : length;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length_at(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string hint_at_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  if (text.find_first_not_of(kBlanks) == std::string_view::npos) return {};
  if (text.ends_with('\n') || text.ends_with('\r'))
    return "; it ends with a line break (YAML: write |- for |, or quotes)";
  const bool has_blank =
      kBlanks.find(text.front()) != std::string_view::npos || text.ends_with(' ') || text.ends_with('\t');
  return has_blank ? "; it begins or ends with a blank" : "";
}

std::string in_quotes(std::string_view text) { return "\"" + printable(text) + "\""; }

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> kDurations = {
    {{"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}}};
constexpr std::array<Unit, 4> kSizes = {{{"KiB", 1U << 10}, {"MiB", 1U << 20}, {"GiB", 1U << 30}, {"", 1}}};
constexpr std::uint64_t kDurationMax_us = 24ULL * 3'600'000'000;
constexpr std::uint64_t kSizeMax_bytes = (1ULL << 31) - 1;

template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units,
                                             std::uint64_t max) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  const auto number = parse_unsigned(text.substr(0, digits));
  const std::string_view suffix = digits == std::string_view::npos ? "" : text.substr(digits);
  for (const Unit& unit : units) {
    if (unit.name != suffix || !number) continue;
    return *number <= max / unit.factor ? std::optional(*number * unit.factor) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  const auto us = parse_with_unit(text, kDurations, kDurationMax_us);
  if (!us) return std::nullopt;
  return std::chrono::microseconds(*us);
}

std::string format_duration(std::chrono::microseconds duration) {
  const auto us = static_cast<std::uint64_t>(duration.count());
  for (const Unit& unit : {kDurations[2], kDurations[3]}) {
    if (us % unit.factor == 0) return std::to_string(us / unit.factor).append(unit.name);
  }
  return std::to_string(us) + "us";
}

std::optional<std::uint64_t> parse_size(std::string_view text) { return parse_with_unit(text, kSizes, kSizeMax_bytes); }

std::string format_utc(std::chrono::system_clock::time_point time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time - second).count();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(second);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(ms));
  return text;
}

bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last '*' seen: the rest of the pattern is tried at each place
  std::size_t star_text = 0;                  // the end of the text that it matches at present
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace netclsd
