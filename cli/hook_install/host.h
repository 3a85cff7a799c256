// The host's programs, processes and clocks. In a container a program of the host is started with the host's tree as
// its root. Processes and clocks are those of the tree's /proc; there are none without the host's /proc, as in an
// image's tree or in a container with its own pid namespace.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/hook_install/manifest.h"
#include "cli/hook_install/root_tree.h"
#include "common/base/error.h"
#include "common/model/process.h"

namespace netclsd::cli {

struct CommandOutput {
  int exit_status = 0;  // 128 + signal where one ended it
  std::string text;     // stdout
};

// Starts the program with `root` as its root directory. It is killed unless it ends, and closes its stdout, within
// `limit`. Its stderr is discarded.
[[nodiscard]] Result<CommandOutput> run_in_root(const std::string& root, const std::vector<std::string>& command,
                                                std::chrono::seconds limit = std::chrono::seconds{10});

// Where the host has a program of this name.
[[nodiscard]] std::optional<std::string> find_program(const RootTree& tree, std::string_view name);

// Restarts a runtime's service, so that it reads what was changed.
[[nodiscard]] Result<void> restart_service(const RootTree& tree, const std::string& name);

// The living processes called `comm`, in the order of their pids.
[[nodiscard]] std::vector<ProcessStat> find_processes(const RootTree& tree, std::string_view comm);

// "/proc/4711"
[[nodiscard]] std::string proc_of(Pid pid);

// A file of /proc; empty if it cannot be read.
[[nodiscard]] std::string read_proc(const RootTree& tree, const std::string& path);

// This boot, and the time since its start as /proc/PID/stat counts it. std::nullopt: the host's /proc is not there.
[[nodiscard]] std::optional<ChangeTime> current_time(const RootTree& tree);

// Seconds since 1970, exact to a second; std::nullopt: unknown.
[[nodiscard]] std::optional<std::int64_t> wall_time_of(const RootTree& tree, StartTime start);
[[nodiscard]] std::int64_t seconds_since_epoch();

}  // namespace netclsd::cli
