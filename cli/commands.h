// Runs one command: asks the agent and shows its answer.
#pragma once

#include <functional>
#include <string>

#include "cli/arguments.h"
#include "common/api/client.h"
#include "common/net_cls/own_mount.h"

namespace netclsd::cli {

// 0 done, 1 failed, 3 done but degraded. The text is for stdout. The error is one line without line feed, for stderr.
struct CommandResult {
  int exit_status = 0;
  std::string text;
  std::string error;
};

inline constexpr int kExitFailed = 1;
inline constexpr int kExitDegraded = 3;

using AskAgent = std::function<Result<ApiResponse>(const ApiRequest&)>;

// `root`: the tree that has proc/, etc/ and run/. It is "" except in tests.
[[nodiscard]] CommandResult run_command(const Arguments& arguments, const AskAgent& ask, const Mounting& mounting,
                                        const std::string& root);

}  // namespace netclsd::cli
