#include "common/net_cls/kernel_flaws.h"

#include <algorithm>
#include <cstddef>

#include "common/base/text.h"
#include "common/net_cls/mount.h"

namespace netclsd {
namespace {

constexpr std::size_t kMountPointMax_bytes = 256;
constexpr std::size_t kNumbersMin = 2;  // "6.18"

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

// As the kernel reads a truth value (kstrtobool): by one character, or two where the first is an o.
bool is_true(std::string_view value) {
  const std::string_view first = value.substr(0, 1);
  if (first == "o" || first == "O") return value.substr(1, 1) == "n" || value.substr(1, 1) == "N";
  return !first.empty() && std::string_view("1yYtT").find(first) != std::string_view::npos;
}

// What switches the mode on, in words. Empty: nothing does. The boot parameter holds for mounts that come later, too.
std::string find_cause_of_dynmods(const std::vector<std::string_view>& mountinfos, std::string_view proc_cmdline) {
  for (const std::string_view mountinfo : mountinfos) {
    if (const auto mount_point = find_favordynmods(mountinfo)) {
      return "the cgroup mount at " + printable(*mount_point, kMountPointMax_bytes) + " has the option favordynmods";
    }
  }
  const auto values = boot_parameter(proc_cmdline, "cgroup_favordynmods");
  if (values.empty() || !is_true(values.back())) return {};
  return "the kernel's boot parameter cgroup_favordynmods=" + printable(values.back()) +
         " gives cgroup mounts the option";
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

bool may_crash_at_early_moves(std::string_view release) {
  constexpr Version kSince{6, 18, 0};
  return parse_version(release, kNumbersMin).value_or(kSince) >= kSince;
}

std::string what_forbids_early_moves(std::string_view release, const std::vector<std::string_view>& mountinfos,
                                     std::string_view proc_cmdline) {
  if (!may_crash_at_early_moves(release)) return {};
  const std::string cause = find_cause_of_dynmods(mountinfos, proc_cmdline);
  if (cause.empty()) return {};
  return cause +
         ": since Linux 6.18 the kernel crashes if a process is moved while it is being forked, so the agent "
         "moves children later than it could; mount cgroups without that option, and boot again";
}

std::optional<bool> keeps_cgroup2_matching(std::string_view release) {
  constexpr Version kFixed{5, 15, 0};
  constexpr Version kBackported{5, 10, 226};
  const auto version = parse_version(release, kNumbersMin);
  if (!version) return std::nullopt;
  return *version >= kFixed || ((*version)[0] == 5 && (*version)[1] == 10 && *version >= kBackported);
}

}  // namespace netclsd
