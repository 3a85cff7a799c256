// The programs to be installed: netclsd-hook, and the stub that takes its place when it is removed while in use.
#pragma once

#include <string>
#include <vector>

#include "cli/hook_install/plan.h"
#include "common/base/error.h"

namespace netclsd::cli {

struct Programs {
  std::string version;
  Program hook;
  Program stub;
};

// `binary` empty: netclsd-hook beside this program. The hook is run once with its arguments: one that it refuses would
// keep every container from starting.
[[nodiscard]] Result<Programs> read_programs(const std::string& binary, const std::vector<std::string>& arguments);

// "netclsd-hook 0.1.0 (abc)" → "0.1.0". Pure.
[[nodiscard]] Result<std::string> parse_hook_version(std::string_view text);

}  // namespace netclsd::cli
