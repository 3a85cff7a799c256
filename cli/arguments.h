// netclsctl's command line as a value. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/hook_install/options.h"
#include "common/api/messages.h"
#include "common/net_cls/own_mount.h"

namespace netclsd::cli {

enum class OutputFormat { kTable, kJson };

// The subcommands.
struct StatusCommand {};
struct ListCommand {};
struct ShowCommand {
  ContainerId id;
};
struct ExplainCommand {
  Pid pid;
};
struct RegisterCommand {
  ContainerId id;
  Pid pid;
  std::variant<ClassId, ClassName> wanted;
};
struct ReleaseCommand {
  ContainerId id;
};
struct SweepCommand {};
struct DoctorCommand {};
struct HookInstallCommand {
  HookInstallOptions options;
};
struct HookUninstallCommand {
  HookOptions options;
};
struct HookStatusCommand {
  HookOptions options;
};

using Command = std::variant<StatusCommand, ListCommand, ShowCommand, ExplainCommand, RegisterCommand, ReleaseCommand,
                             SweepCommand, DoctorCommand, HookInstallCommand, HookUninstallCommand, HookStatusCommand>;

struct Arguments {
  std::string socket = kDefaultSocket;
  std::string mount = kDefaultOwnMount;  // where register mounts net_cls if it must, and release unmounts it
  std::chrono::milliseconds timeout{10'000};
  OutputFormat format = OutputFormat::kTable;
  Command command;
};

// There is no command to run: help, version, or wrong usage.
struct UsageAnswer {
  int exit_status = 0;
  std::string text;  // for stdout if the status is 0, else for stderr
};

[[nodiscard]] std::variant<Arguments, UsageAnswer> parse_arguments(std::vector<std::string> arguments);

}  // namespace netclsd::cli
