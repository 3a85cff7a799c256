#include "common/sandbox/seccomp_mode.h"

#include <array>
#include <cstddef>

namespace netclsd {
namespace {

constexpr std::array kNames = {"kill", "log", "off"};

}  // namespace

const char* to_string(SeccompMode mode) { return kNames[static_cast<std::size_t>(mode)]; }

std::optional<SeccompMode> parse_seccomp_mode(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return static_cast<SeccompMode>(i);
  }
  return std::nullopt;
}

}  // namespace netclsd
