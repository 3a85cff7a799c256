// netclsd's command line. Flags override the keys of the file, and are checked in the same way.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/config/config.h"

namespace netclsd {

struct KeyOverride {
  std::string flag;  // "--net-cls-mount"
  std::string key;   // "net_cls.mount"
  std::string text;
  friend bool operator==(const KeyOverride&, const KeyOverride&) = default;
};

enum class Task { kRun, kCheckConfig, kPrepare, kCleanUp };

struct CommandLine {
  std::optional<std::string> config_file;
  Task task = Task::kRun;
  std::vector<KeyOverride> overrides;
};

// --help and --version: exit code 0, the text is for stdout. Wrong usage: 2, stderr.
struct EarlyExit {
  int exit_code = 0;
  std::string text;
};

[[nodiscard]] std::variant<CommandLine, EarlyExit> parse_command_line(int argc, const char* const* argv);

// The file, overridden by the flags. Called at start and at SIGHUP.
[[nodiscard]] Result<Config> load_config(const CommandLine& command_line);

}  // namespace netclsd
