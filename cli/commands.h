// Carrying out one command: ask the agent, say what it answered.
#pragma once

#include <functional>
#include <string>

#include "cli/arguments.h"
#include "common/api/client.h"

namespace netclsd::cli {

// 0 done, 1 failed, 3 done but degraded; the text is for stdout, the error (one line, without line feed) for stderr.
struct CommandResult {
  int exit_status = 0;
  std::string text;
  std::string error;
};

inline constexpr int kExitFailed = 1;
inline constexpr int kExitDegraded = 3;

using AskAgent = std::function<Result<ApiResponse>(const ApiRequest&)>;

// `root` is "" but in tests: the tree in which proc/ and the like are looked up.
[[nodiscard]] CommandResult run_command(const Arguments& arguments, const AskAgent& ask, const std::string& root);

}  // namespace netclsd::cli
