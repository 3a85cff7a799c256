#include "common/model/class_id.h"

#include <cstdio>

#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr std::uint64_t kRawMax = 0xffff'ffff;
constexpr std::uint64_t kMinorMax = 0xffff;

std::string in_hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(number));
  return text;
}

std::optional<std::uint64_t> parse_major_minor(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 2 || parts[0].size() > 4 || parts[1].size() > 4) return std::nullopt;
  const auto major = parse_unsigned(parts[0], 16);
  const auto minor = parse_unsigned(parts[1], 16);
  if (!major || !minor) return std::nullopt;
  return *major << 16 | *minor;
}

std::optional<std::uint64_t> parse_any(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_major_minor(text);
  if (text.starts_with("0x")) return parse_unsigned(text.substr(2), 16);
  return parse_unsigned(text, 10);
}

std::string major_alone(std::string_view digits) {
  return digits.size() <= 4 ? "did you mean " + std::string(digits) + ":0" : std::string();
}

// YAML 1.1 has numbers to the base of 60: it reads 10:1 as 601.
std::string sexagesimal(std::uint64_t raw) {
  if (raw < 60) return {};
  const std::string meant = std::to_string(raw / 60) + ":" + std::to_string(raw % 60);
  return meant + ", which YAML 1.1 reads as " + std::to_string(raw) + " where it is not in quotes";
}

// nftables, iptables and BPF could match such a number, but a user who writes "10" nearly always means a qdisc.
Failure lacks_major(std::string_view text, std::uint64_t raw) {
  const bool is_hex = text.starts_with("0x");
  const std::string minor = in_hex(raw);
  std::string message = "classid " + in_quotes(text) + " is 0:" + minor + ", which has no major and fits no qdisc";
  const std::string first = major_alone(is_hex ? minor : text);
  const std::string second = is_hex ? "" : sexagesimal(raw);
  if (!first.empty()) message += ": " + first + (second.empty() ? "?" : ", or " + second + "?");
  if (first.empty() && !second.empty()) message += ": did you mean " + second + "?";
  return invalid(message + " (0:" + minor + " is taken if it is written so)");
}

}  // namespace

Result<ClassId> ClassId::parse(std::string_view text) {
  const auto raw = parse_any(text);
  if (raw && *raw == 0) return invalid("classid " + in_quotes(text) + " is zero, which means no class");
  if (!raw || *raw > kRawMax) {
    return invalid("classid " + in_quotes(text) + " is not MAJOR:MINOR in hex (10:1), 0x100001 or 1048577" +
                   hint_at_blanks(text));
  }
  const bool is_major_written = text.find(':') != std::string_view::npos;
  if (!is_major_written && *raw <= kMinorMax) return lacks_major(text, *raw);
  return ClassId(static_cast<std::uint32_t>(*raw));
}

std::optional<ClassId> ClassId::from_raw(std::uint32_t raw) {
  return raw == 0 ? std::nullopt : std::optional(ClassId(raw));
}

std::string to_string(ClassId class_id) {
  char text[10];
  std::snprintf(text, sizeof text, "%x:%x", class_id.raw() >> 16, class_id.raw() & 0xffff);
  return text;
}

Result<ClassIdRange> ClassIdRange::parse(std::string_view text) {
  const auto parts = split(text, '-', 2);
  auto first = ClassId::parse(parts.front());
  if (!first) return pass_on(first.error());
  auto last = ClassId::parse(parts.back());
  if (!last) return pass_on(last.error());
  if (*last < *first) return invalid("range " + in_quotes(text) + " ends before it begins");
  return ClassIdRange{*first, *last};
}

}  // namespace netclsd
