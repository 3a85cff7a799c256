#include "agent/config/sandbox_keys.h"

#include <array>

#include "agent/config/config.h"

namespace netclsd {
namespace {

Result<void> read_seccomp(const ConfigValue& value, Config& config) {
  constexpr std::string_view kWhat = "\"kill\", \"log\" or \"off\"";
  const auto text = string_in(value, kWhat);
  if (!text) return pass_on(text.error());
  const auto mode = parse_seccomp_mode(*text);
  if (!mode) return value.expected(kWhat);
  config.sandbox.seccomp = *mode;
  return {};
}

Result<void> read_landlock(const ConfigValue& value, Config& config) {
  constexpr std::string_view kWhat = "\"auto\" or \"off\"";
  const auto text = string_in(value, kWhat);
  if (!text) return pass_on(text.error());
  if (*text != "auto" && *text != "off") return value.expected(kWhat);
  config.sandbox.landlock = *text == "auto" ? LandlockMode::kAuto : LandlockMode::kOff;
  return {};
}

constexpr std::array<ConfigKey, 2> kKeys = {{{"seccomp", read_seccomp}, {"landlock", read_landlock}}};

}  // namespace

std::span<const ConfigKey> sandbox_keys() { return kKeys; }

Result<void> read_sandbox(const ConfigValue& value, Config& config) { return read_members(value, kKeys, config); }

}  // namespace netclsd
