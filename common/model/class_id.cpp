#include "common/model/class_id.h"

#include <cstdio>

#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr std::uint64_t kRawMax = 0xffff'ffff;

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

}  // namespace

Result<ClassId> ClassId::parse(std::string_view text) {
  const auto raw = parse_any(text);
  if (raw && *raw == 0) return invalid("classid " + in_quotes(text) + " is zero, which means no class");
  if (!raw || *raw > kRawMax) {
    return invalid("classid " + in_quotes(text) + " is not MAJOR:MINOR in hex (10:1), 0x100001 or 1048577");
  }
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
