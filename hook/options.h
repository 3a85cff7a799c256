// The hook's command line. Pure. There is no configuration file: the options stand in the hook's entry in the runtime's
// configuration.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/api/messages.h"
#include "common/sandbox/seccomp_mode.h"
#include "hook/stage.h"

namespace netclsd::hook {

enum class OnFailure { kAllow, kDeny };

struct HookOptions {
  std::string socket = kDefaultSocket;
  std::string spool = kDefaultSpool;
  std::chrono::milliseconds timeout{500};  // for everything the hook does
  OnFailure on_failure = OnFailure::kAllow;
  std::vector<std::string> deny_exempt_namespaces;  // always kAllow, so that the agent's own pod can start
  std::string log_file;                             // empty: none
  SeccompMode seccomp = SeccompMode::kKill;
  std::optional<Stage> stage;  // absent: by the state's status
};

enum class Information { kHelp, kVersion };

// `arguments` without argv[0]. "--name value" and "--name=value" both work. An error is wrong usage.
[[nodiscard]] Result<std::variant<HookOptions, Information>> parse_hook_options(
    std::span<const std::string_view> arguments);

[[nodiscard]] std::string hook_help();

}  // namespace netclsd::hook
