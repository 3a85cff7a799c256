#include "common/model/runtime_version.h"

#include <array>
#include <cstdint>

#include "common/base/text.h"

namespace netclsd {

bool is_too_old_for_nri(std::string_view containerd_version) {
  constexpr std::array<std::uint64_t, 3> kOldest = {1, 7, 16};
  if (containerd_version.starts_with('v')) containerd_version.remove_prefix(1);
  std::array<std::uint64_t, 3> numbers{};
  const auto parts = split(containerd_version, '.', numbers.size());
  if (parts.size() != numbers.size()) return false;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = parse_unsigned(parts[i].substr(0, parts[i].find_first_not_of("0123456789")));
    if (!number) return false;
    numbers[i] = *number;
  }
  return numbers < kOldest;
}

}  // namespace netclsd
