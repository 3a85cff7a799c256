// The carrier's command line. Pure. What it carries, and how, is in the agent's configuration file.
#pragma once

#include <optional>
#include <string>
#include <variant>

namespace netclsd::carry {

struct CarryOptions {
  std::optional<std::string> config_file;  // absent: the default file
  std::optional<std::string> state_dir;    // absent: the configuration's
  std::string bpffs = "/sys/fs/bpf";
  bool cleans_up = false;
};

// --help and --version: exit code 0, the text is for stdout. Wrong usage: 2, stderr.
struct EarlyExit {
  int exit_code = 0;
  std::string text;
};

[[nodiscard]] std::variant<CarryOptions, EarlyExit> parse_carry_options(int argc, const char* const* argv);

}  // namespace netclsd::carry
