#include "hook/options.h"

#include "common/base/text.h"
#include "common/base/units.h"

namespace netclsd::hook {
namespace {

using std::chrono::milliseconds;

// Below 10 ms not even a cold net_cls write fits; above a minute the kubelet has long given up.
constexpr milliseconds kTimeoutMin{10};
constexpr milliseconds kTimeoutMax{60'000};

Result<void> set_text(std::string& option, std::string_view name, std::string_view value) {
  if (value.empty()) return invalid(std::string(name) + " needs a value");
  option = value;
  return {};
}

Result<void> set_timeout(HookOptions& options, std::string_view value) {
  const auto parsed = parse_duration(value);
  if (!parsed || *parsed < kTimeoutMin || *parsed > kTimeoutMax) {
    return invalid("--timeout " + in_quotes(value) + " is not a duration from 10ms to 1m, such as 500ms or 2s");
  }
  options.timeout = std::chrono::duration_cast<milliseconds>(*parsed);
  return {};
}

Result<void> set_on_failure(HookOptions& options, std::string_view value) {
  if (value != "allow" && value != "deny") return invalid("--on-failure " + in_quotes(value) + " is not allow or deny");
  options.on_failure = value == "deny" ? OnFailure::kDeny : OnFailure::kAllow;
  return {};
}

Result<void> set_seccomp(HookOptions& options, std::string_view value) {
  const auto mode = parse_seccomp_mode(value);
  if (!mode) return invalid("--seccomp " + in_quotes(value) + " is not kill, log or off");
  options.seccomp = *mode;
  return {};
}

Result<void> set_option(HookOptions& options, std::string_view name, std::string_view value) {
  if (name == "--socket") return set_text(options.socket, name, value);
  if (name == "--spool") return set_text(options.spool, name, value);
  if (name == "--log-file") return set_text(options.log_file, name, value);
  if (name == "--timeout") return set_timeout(options, value);
  if (name == "--on-failure") return set_on_failure(options, value);
  if (name == "--deny-exempt-namespace") return set_text(options.deny_exempt_namespaces.emplace_back(), name, value);
  if (name == "--seccomp") return set_seccomp(options, value);
  return invalid("unknown option " + in_quotes(name));
}

Result<void> set_stage(HookOptions& options, std::string_view text) {
  if (options.stage) return invalid("more than one stage: " + in_quotes(text));
  options.stage = parse_stage(text);
  if (!options.stage) return invalid("unknown stage " + in_quotes(text) + ", known: prestart, createRuntime, poststop");
  return {};
}

}  // namespace

Result<std::variant<HookOptions, Information>> parse_hook_options(std::span<const std::string_view> arguments) {
  HookOptions options;
  for (; !arguments.empty(); arguments = arguments.subspan(1)) {
    const std::string_view argument = arguments.front();
    if (argument == "--help" || argument == "-h") return Information::kHelp;
    if (argument == "--version") return Information::kVersion;
    if (!argument.starts_with("-")) {
      if (auto set = set_stage(options, argument); !set) return pass_on(set.error());
      continue;
    }
    const std::size_t equals = argument.find('=');
    const bool is_joined = equals != std::string_view::npos;
    std::string_view value = is_joined ? argument.substr(equals + 1) : std::string_view();
    if (!is_joined && arguments.size() > 1) {
      arguments = arguments.subspan(1);
      value = arguments.front();
    }
    if (auto set = set_option(options, argument.substr(0, equals), value); !set) return pass_on(set.error());
  }
  return options;
}

std::string hook_help() {
  return R"(Usage: netclsd-hook [OPTIONS] [prestart|createRuntime|poststop] < STATE

An OCI hook: reads a container's state from stdin and has the netclsd agent put its init process into its network
class before it runs. Without a stage it goes by the state's status: creating, created and running register, stopped
releases.

Options:
  --socket PATH                 the agent's socket (default /run/netclsd/agent.sock)
  --spool DIR                   where to leave a registration when the agent is away (default /run/netclsd/spool)
  --timeout TIME                for everything the hook does, 10ms to 1m (default 500ms)
  --on-failure allow|deny       whether a container starts when its class could not be assured (default allow)
  --deny-exempt-namespace NS    pods of this namespace always start (repeatable)
  --log-file FILE               append every failure's line to this file as well
  --seccomp kill|log|off        what the kernel does when the hook asks for what no hook needs (default kill)
  --help, --version

Exit status: 0 done, or failed under "allow"; 1 failed under "deny"; 2 wrong usage. poststop is always 0.

Examples:
  netclsd-hook createRuntime < state.json
  netclsd-hook --timeout 2s --on-failure deny --deny-exempt-namespace kube-system prestart < state.json

In a podman or CRI-O hooks.d file:
  {"version": "1.0.0", "hook": {"path": "/usr/local/bin/netclsd-hook", "args": ["netclsd-hook", "createRuntime"],
   "timeout": 2}, "when": {"annotations": {"^netclsd\\.io/": ".*"}}, "stages": ["createRuntime"]}
)";
}

}  // namespace netclsd::hook
