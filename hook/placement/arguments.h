// The command lines of the hook and of the NRI plugin: what their options have in common. Pure. Errors are wrong usage,
// and name the option.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/sandbox/seccomp_filter.h"
#include "hook/placement/report.h"

namespace netclsd::hook {

enum class Information { kHelp, kVersion };

using SetOption = std::function<Result<void>(std::string_view name, std::string_view value)>;
using SetWord = std::function<Result<void>(std::string_view word)>;

// Reads `arguments`, without argv[0]. "--name value" and "--name=value" both work. What does not begin with "-" is a
// word. Stops where help or the version is asked for.
[[nodiscard]] Result<std::optional<Information>> read_arguments(std::span<const std::string_view> arguments,
                                                                const SetOption& set_option, const SetWord& set_word);

[[nodiscard]] Result<void> set_text(std::string& option, std::string_view name, std::string_view value);
[[nodiscard]] Result<void> set_mount(std::string& mount, std::string_view value);
[[nodiscard]] Result<void> set_timeout(std::chrono::milliseconds& timeout, std::string_view value);
[[nodiscard]] Result<void> set_on_failure(OnFailure& on_failure, std::string_view value);
[[nodiscard]] Result<void> set_seccomp(std::optional<SeccompMode>& seccomp, std::string_view value);

}  // namespace netclsd::hook
