#include "hook/options.h"

#include "common/base/text.h"

namespace netclsd::hook {
namespace {

Result<void> set_option(HookOptions& options, std::string_view name, std::string_view value) {
  if (name == "--socket") return set_text(options.socket, name, value);
  if (name == "--spool") return set_text(options.spool, name, value);
  if (name == "--mount") return set_mount(options.mount, value);
  if (name == "--log-file") return set_text(options.log_file, name, value);
  if (name == "--timeout") return set_timeout(options.timeout, value);
  if (name == "--on-failure") return set_on_failure(options.on_failure, value);
  if (name == "--deny-exempt-namespace") return set_text(options.deny_exempt_namespaces.emplace_back(), name, value);
  if (name == "--seccomp") return set_seccomp(options.seccomp, value);
  return invalid("unknown option " + in_quotes(name));
}

Result<void> set_stage(HookOptions& options, std::string_view text) {
  if (options.stage) return invalid("more than one stage: " + in_quotes(text));
  if (text == "prestart") options.stage = Stage::kPrestart;
  if (text == "createRuntime") options.stage = Stage::kCreateRuntime;
  if (text == "poststop") options.stage = Stage::kPoststop;
  if (options.stage) return {};
  return invalid("unknown stage " + in_quotes(text) + ", known: prestart, createRuntime, poststop");
}

}  // namespace

Result<std::variant<HookOptions, Information>> parse_hook_options(std::span<const std::string_view> arguments) {
  HookOptions options;
  const auto information = read_arguments(
      arguments, [&](std::string_view name, std::string_view value) { return set_option(options, name, value); },
      [&](std::string_view word) { return set_stage(options, word); });
  if (!information) return pass_on(information.error());
  if (*information) return **information;
  return options;
}

SeccompMode seccomp_mode(const HookOptions& options) {
  return options.seccomp.value_or(options.on_failure == OnFailure::kAllow ? SeccompMode::kRefuse : SeccompMode::kKill);
}

std::string hook_help() {
  return R"(Usage: netclsd-hook [OPTIONS] [prestart|createRuntime|poststop] < STATE

An OCI hook. It reads a container's state from stdin, and the netclsd agent puts the container's init process into its
network class before it runs. Without a stage the state decides: "stopped" releases the container, unless the runtime
has just made the process that the state names (runc restore); everything else registers it.

Options:
  --socket PATH                 the agent's socket (default /run/netclsd/agent.sock)
  --spool DIR                   where to leave a registration when the agent is away (default /run/netclsd/spool)
  --mount DIR                   where to mount net_cls if a container needs it and it is not mounted yet (default
                                /run/netclsd/net_cls)
  --timeout TIME                for everything the hook does, 10ms to 1m (default 500ms)
  --on-failure allow|deny       whether a container starts if it could not get its class (default allow)
  --deny-exempt-namespace NS    pods of this namespace always start (repeatable); * matches any characters, ? one
  --log-file FILE               append the line of each failure to this file, too
  --seccomp kill|refuse|log|off
                                a system call that no hook needs: kill the hook, and the container does not start;
                                let the call fail; allow it, and have the kernel log it; allow it (default: refuse
                                with --on-failure allow, kill with deny)
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

Result<Task> choose_task(std::optional<Stage> stage, std::string_view status, bool has_pid,
                         const std::function<bool()>& is_made_by_caller) {
  if (stage) return *stage == Stage::kPoststop ? Task::kRelease : Task::kRegister;
  if (status == "stopped") return has_pid && is_made_by_caller() ? Task::kRegister : Task::kRelease;
  const bool is_start = status == "creating" || status == "created" || status == "running";
  if (is_start || has_pid) return Task::kRegister;
  return invalid("OCI state's status " + in_quotes(status) +
                 " is not creating, created, running or stopped, and it has no pid");
}

}  // namespace netclsd::hook
