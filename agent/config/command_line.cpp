#include "agent/config/command_line.h"

#include <netclsd_version.h>

#include <CLI/CLI.hpp>
#include <array>
#include <sstream>

#include "agent/config/keys.h"

namespace netclsd {
namespace {

constexpr int kUsageExitCode = 2;

struct OverridingFlag {
  const char* flag;
  const char* key;
  const char* placeholder;
  const char* help;
};

constexpr std::array<OverridingFlag, 11> kOverridingFlags = {{
    {"--socket", "socket", "PATH", "Unix socket of the API"},
    {"--state-dir", "state_dir", "DIR", "directory of the registrations, which a restart of the agent reads"},
    {"--listen", "listen", "IP:PORT", "TCP listener of /livez, /readyz and /metrics; \"\" for none"},
    {"--web-config", "web_config", "FILE", "TLS and passwords of that listener, in the format of Prometheus's tools"},
    {"--net-cls-mount", "net_cls.mount", "DIR", "net_cls hierarchy, or \"auto\""},
    {"--net-cls-parent", "net_cls.parent", "NAME", "group in which the containers' groups are made"},
    {"--receive-buffer", "receive_buffer", "SIZE", "event socket's receive buffer, like 64MiB"},
    {"--audit-interval", "audit_interval", "DURATION", "time between two audits of /proc, like 30s"},
    {"--event-nap", "event_nap", "DURATION", "how long events may gather when there are many, like 1ms; 0ms: never"},
    {"--log-level", "log.level", "LEVEL", "debug, info, warning or error"},
    {"--log-format", "log.format", "FORMAT", "text or json"},
}};

constexpr const char* kExamples =
    "Examples:\n"
    "  netclsd                                           with /etc/netclsd/config.json, or defaults without it\n"
    "  netclsd --config ./config.json --check-config     checks whether a file is valid\n"
    "  netclsd --listen 0.0.0.0:9917 --log-format json   flags override the file\n"
    "  kill -HUP $(pidof netclsd)                        reads the file again\n"
    "  netclsd --clean-up                                removes all groups, mounts and state, after the last agent\n"
    "\nExit codes: 0 done, 1 failed, 2 wrong usage.";

struct TaskFlag {
  const char* flag;
  Task task;
  const char* help;
};

constexpr std::array<TaskFlag, 3> kTasks = {{
    {"--check-config", Task::kCheckConfig, "check the configuration and exit"},
    {"--prepare", Task::kPrepare,
     "prepare this node and exit: mounts net_cls and makes the parent group, if they are needed from the start"},
    {"--clean-up", Task::kCleanUp, "undo everything that agents have done to this node, and exit"},
}};

// At most one of them may be given.
void add_tasks(CLI::App& app, CommandLine& out) {
  CLI::Option_group* group = app.add_option_group("Instead of running");
  group->require_option(0, 1);
  for (const TaskFlag& known : kTasks) {
    group->add_flag_callback(
        known.flag, [&out, &known] { out.task = known.task; }, known.help);
  }
}

void add_options(CLI::App& app, CommandLine& out) {
  app.add_option("--config", out.config_file, std::string("configuration (default ") + kDefaultConfigFile + ")")
      ->type_name("FILE");
  add_tasks(app, out);
  app.set_version_flag("--version", std::string("netclsd ") + kVersion + " (" + kRevision + ")");
  for (const OverridingFlag& known : kOverridingFlags) {
    const auto keep = [&out, &known](const std::string& text) {
      out.overrides.push_back({known.flag, known.key, text});
    };
    app.add_option_function<std::string>(known.flag, keep, known.help)->type_name(known.placeholder);
  }
}

// CLI11 reports everything by exceptions, --help too. They end here.
EarlyExit exit_for(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out;
  std::ostringstream err;
  const bool is_success = app.exit(error, out, err) == 0;
  return {is_success ? 0 : kUsageExitCode, is_success ? out.str() : "netclsd: " + err.str()};
}

}  // namespace

std::variant<CommandLine, EarlyExit> parse_command_line(int argc, const char* const* argv) {
  CommandLine command_line;
  CLI::App app("Keeps every process of a container in the network class its pod asked for.", "netclsd");
  app.footer(kExamples);
  add_options(app, command_line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return exit_for(app, error);
  }
  return command_line;
}

Result<Config> load_config(const CommandLine& command_line) {
  auto config = load_config(command_line.config_file);
  if (!config) return config;
  for (const KeyOverride& given : command_line.overrides) {
    if (auto set = set_config_key(*config, given.key, given.text, given.flag); !set) return pass_on(set.error());
  }
  return config;
}

}  // namespace netclsd
