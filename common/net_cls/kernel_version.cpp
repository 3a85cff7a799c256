#include "common/net_cls/kernel_version.h"

#include <array>
#include <cstdint>

#include "common/base/text.h"

namespace netclsd {
namespace {

using Version = std::array<std::uint64_t, 3>;

std::optional<Version> parse_version(std::string_view release) {
  Version version{};
  const auto parts = split(release.substr(0, release.find_first_not_of("0123456789.")), '.', version.size() + 1);
  if (parts.size() < 2) return std::nullopt;
  for (std::size_t i = 0; i < version.size() && i < parts.size(); ++i) {
    const auto number = parse_unsigned(parts[i]);
    if (!number) return std::nullopt;
    version[i] = *number;
  }
  return version;
}

}  // namespace

std::optional<bool> keeps_cgroup2_matching(std::string_view release) {
  constexpr Version kFixed{5, 15, 0};
  constexpr Version kBackported{5, 10, 226};
  const auto version = parse_version(release);
  if (!version) return std::nullopt;
  return *version >= kFixed || ((*version)[0] == 5 && (*version)[1] == 10 && *version >= kBackported);
}

}  // namespace netclsd
