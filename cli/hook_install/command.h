// Runs a program of the host: in a container the host's own is started with the host's tree as its root.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace netclsd::cli {

struct CommandOutput {
  int exit_status = 0;  // 128 + signal where one ended it
  std::string text;     // stdout
};

// `root` "/": without chroot. The program must end, and close its stdout, within `limit`; then it is killed. Its stderr
// goes nowhere.
[[nodiscard]] Result<CommandOutput> run_in_root(const std::string& root, const std::vector<std::string>& command,
                                                std::chrono::seconds limit);

}  // namespace netclsd::cli
