#include "hook/placement/arguments.h"

#include "common/base/text.h"

namespace netclsd::hook {

using std::chrono::milliseconds;

Result<void> set_text(std::string& option, std::string_view name, std::string_view value) {
  if (value.empty()) return invalid(std::string(name) + " needs a value");
  option = value;
  return {};
}

Result<void> set_mount(std::string& mount, std::string_view value) {
  const std::size_t name = value.rfind('/') + 1;
  if (!value.starts_with('/') || name == 1 || name == value.size()) {
    return invalid("--mount " + in_quotes(value) + " is not a directory such as /run/netclsd/net_cls");
  }
  mount = value;
  return {};
}

Result<void> set_timeout(milliseconds& timeout, std::string_view value) {
  // Below 10 ms not even a cold net_cls write fits; above a minute the kubelet has long given up.
  constexpr milliseconds kTimeoutMin{10};
  constexpr milliseconds kTimeoutMax{60'000};
  const auto parsed = parse_duration(value);
  if (!parsed || *parsed < kTimeoutMin || *parsed > kTimeoutMax) {
    return invalid("--timeout " + in_quotes(value) + " is not a duration from 10ms to 1m, such as 500ms or 2s");
  }
  timeout = std::chrono::duration_cast<milliseconds>(*parsed);
  return {};
}

Result<void> set_on_failure(OnFailure& on_failure, std::string_view value) {
  if (value != "allow" && value != "deny") return invalid("--on-failure " + in_quotes(value) + " is not allow or deny");
  on_failure = value == "deny" ? OnFailure::kDeny : OnFailure::kAllow;
  return {};
}

Result<void> set_seccomp(std::optional<SeccompMode>& seccomp, std::string_view value) {
  const auto mode = parse_seccomp_mode(value);
  if (!mode) return invalid("--seccomp " + in_quotes(value) + " is not kill, refuse, log or off");
  seccomp = *mode;
  return {};
}

Result<std::optional<Information>> read_arguments(std::span<const std::string_view> arguments,
                                                  const SetOption& set_option, const SetWord& set_word) {
  for (; !arguments.empty(); arguments = arguments.subspan(1)) {
    const std::string_view argument = arguments.front();
    if (argument == "--help" || argument == "-h") return Information::kHelp;
    if (argument == "--version") return Information::kVersion;
    if (!argument.starts_with("-")) {
      if (auto set = set_word(argument); !set) return pass_on(set.error());
      continue;
    }
    const std::size_t equals = argument.find('=');
    const bool is_joined = equals != std::string_view::npos;
    std::string_view value = is_joined ? argument.substr(equals + 1) : std::string_view();
    if (!is_joined && arguments.size() > 1) {
      arguments = arguments.subspan(1);
      value = arguments.front();
    }
    if (auto set = set_option(argument.substr(0, equals), value); !set) return pass_on(set.error());
  }
  return std::nullopt;
}

}  // namespace netclsd::hook
