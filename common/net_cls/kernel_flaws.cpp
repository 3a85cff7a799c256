#include "common/net_cls/kernel_flaws.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/base/text.h"
#include "common/net_cls/mount.h"

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

bool is_same_parameter(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return (a == '-' ? '_' : a) == (b == '-' ? '_' : b); });
}

// The value that has net_cls in it, or a word for all controllers. Empty: there is none.
std::string_view find_value_with_net_cls(std::string_view proc_cmdline, std::string_view name) {
  for (const std::string_view value : boot_parameter(proc_cmdline, name)) {
    for (const std::string_view word : split(value, ',')) {
      if (word == "net_cls" || word == "all") return value;
    }
  }
  return {};
}

}  // namespace

std::vector<std::string_view> boot_parameter(std::string_view proc_cmdline, std::string_view name) {
  std::vector<std::string_view> values;
  proc_cmdline = proc_cmdline.substr(0, proc_cmdline.find('\n'));
  for (const std::string_view word : split(proc_cmdline, ' ')) {
    if (word == "--") break;
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || !is_same_parameter(word.substr(0, equals), name)) continue;
    values.push_back(word.substr(equals + 1));
  }
  return values;
}

std::string what_prevents_net_cls(std::string_view proc_cgroups, std::string_view proc_cmdline) {
  const auto controller = find_net_cls_controller(proc_cgroups);
  if (!controller) {
    return "this kernel has no net_cls (/proc/cgroups does not list it): use a kernel built with "
           "CONFIG_CGROUP_NET_CLASSID=y, which no module can add";
  }
  if (!controller->is_enabled) {
    return "net_cls is switched off (/proc/cgroups says enabled 0): take net_cls out of the kernel's boot parameter "
           "cgroup_disable, and boot again";
  }
  const std::string_view value = find_value_with_net_cls(proc_cmdline, "cgroup_no_v1");
  if (value.empty()) return {};
  return "the kernel's boot parameter cgroup_no_v1=" + printable(value) +
         " forbids to mount net_cls, which exists in cgroup v1 only: take " +
         (value == "all" ? "it away, or name the other controllers instead of all" : "net_cls (or all) out of it") +
         ", and boot again";
}

std::optional<bool> keeps_cgroup2_matching(std::string_view release) {
  constexpr Version kFixed{5, 15, 0};
  constexpr Version kBackported{5, 10, 226};
  const auto version = parse_version(release);
  if (!version) return std::nullopt;
  return *version >= kFixed || ((*version)[0] == 5 && (*version)[1] == 10 && *version >= kBackported);
}

}  // namespace netclsd
