// The hook's command line, and what it asks for. Pure. There is no configuration file: the options are in the hook's
// entry in the runtime's configuration.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/api/messages.h"
#include "common/net_cls/own_mount.h"
#include "common/sandbox/seccomp_filter.h"
#include "hook/placement/arguments.h"

namespace netclsd::hook {

// The moment of a container's life at which the hook is called.
enum class Stage { kPrestart, kCreateRuntime, kPoststop };

struct HookOptions {
  std::string socket = kDefaultSocket;
  std::string spool = kDefaultSpool;
  std::string mount = kDefaultOwnMount;    // where net_cls is mounted when a container needs it
  std::chrono::milliseconds timeout{500};  // for everything the hook does
  OnFailure on_failure = OnFailure::kAllow;
  std::vector<std::string>
      deny_exempt_namespaces;          // patterns; there kAllow holds, so that the agent's own pod can start
  std::string log_file;                // empty: none
  std::optional<SeccompMode> seccomp;  // absent: by on_failure, see seccomp_mode()
  std::optional<Stage> stage;          // absent: by the state's status
};

// As asked for; else kRefuse under kAllow, since a hook that is killed keeps its container from starting, and kKill
// under kDeny.
[[nodiscard]] SeccompMode seccomp_mode(const HookOptions& options);

// `arguments` without argv[0]. "--name value" and "--name=value" both work. An error is wrong usage.
[[nodiscard]] Result<std::variant<HookOptions, Information>> parse_hook_options(
    std::span<const std::string_view> arguments);

[[nodiscard]] std::string hook_help();

enum class Task { kRegister, kRelease };

// A stage that was given decides. Without one, "stopped" is a container's end, unless `is_made_by_caller` says that the
// runtime has just made its pid; it is called only then. "creating", "created" and "running" are a start, and so is any
// other status, or none, if there is a pid.
[[nodiscard]] Result<Task> choose_task(std::optional<Stage> stage, std::string_view status, bool has_pid,
                                       const std::function<bool()>& is_made_by_caller);

}  // namespace netclsd::hook
