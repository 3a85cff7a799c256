// The options of `netclsctl hook …`, for arguments.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/arguments.h"

namespace netclsd::cli {

// What CLI11 fills in.
struct HookTexts {
  HookInstallOptions options;  // of the other hook commands, too
  std::vector<std::string> runtimes;
};

// A subcommand whose --help ends with the example, and which global options may follow.
CLI::App* add_command(CLI::App& app, const char* name, const char* about, const char* example);

void add_hook_commands(CLI::App& app, HookTexts& texts);
[[nodiscard]] Command to_hook_command(const std::string& name, const HookTexts& texts);

}  // namespace netclsd::cli
