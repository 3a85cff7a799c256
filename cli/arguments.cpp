#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "netclsd_version.h"

namespace netclsd::cli {
namespace {

constexpr int kWrongUsage = 2;

struct HookTexts {
  HookInstallOptions options;  // the other hook commands use a part of them
  std::vector<std::string> runtimes;
};

// What CLI11 fills in. When everything is checked, it becomes Arguments.
struct Texts {
  std::string socket = kDefaultSocket;
  std::string mount = kDefaultOwnMount;
  std::string timeout = "10s";
  std::string format = "table";
  std::string id;
  std::string pid;
  std::string classid;
  std::string class_name;
  HookTexts hook;
};

// These return "" if the text is good, as CLI11 wants it.
std::string check_timeout(const std::string& text) {
  const auto parsed = parse_duration(text);
  return parsed && parsed->count() >= 1000 ? "" : "\"" + text + "\" is not a duration such as 500ms or 10s";
}

std::string check_pid(const std::string& text) {
  const auto parsed = parse_unsigned(text);
  return parsed && *parsed > 0 && *parsed <= kPidMax ? "" : "\"" + text + "\" is not a pid";
}

std::string check_id(const std::string& text) {
  const auto parsed = ContainerId::parse(text);
  return parsed ? "" : parsed.error().message();
}

std::string check_classid(const std::string& text) {
  const auto parsed = ClassId::parse(text);
  return parsed ? "" : parsed.error().message();
}

std::string check_mount_option(const std::string& text) {
  return is_mount_directory(text) ? "" : "\"" + text + "\" is not an absolute directory";
}

// A subcommand whose --help ends with the example.
CLI::App* add_command(CLI::App& app, const char* name, const char* about, const char* example) {
  CLI::App* command = app.add_subcommand(name, about);
  command->footer(std::string("Example:\n  ") + example);
  command->fallthrough();  // global options may follow the subcommand
  return command;
}

void add_mount(CLI::App& command, Texts& texts) {
  command.add_option("--mount", texts.mount, "Where net_cls is mounted while a container needs it")
      ->capture_default_str()
      ->check(check_mount_option);
}

Pid to_pid(const std::string& text) { return Pid{static_cast<std::int32_t>(parse_unsigned(text).value_or(0))}; }

void add_global_options(CLI::App& app, Texts& texts) {
  app.set_version_flag("--version", std::string("netclsctl ") + kVersion + " (" + kRevision + ")");
  app.add_option("--socket", texts.socket, "The agent's socket")->capture_default_str();
  app.add_option("--timeout", texts.timeout, "How long to wait for the agent")
      ->capture_default_str()
      ->check(check_timeout);
  app.add_option("-o,--output", texts.format, "table or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"table", "json"}));
  app.footer(
      "Exit status: 0 done; 1 failed; 2 wrong usage; 3 done but degraded (not ready, strays that could not be moved, "
      "warnings).\n\n"
      "Examples:\n"
      "  netclsctl status\n"
      "  netclsctl list -o json\n"
      "  netclsctl explain 4711\n"
      "  netclsctl register web --pid 4711 --classid 10:1\n"
      "  netclsctl doctor\n"
      "  netclsctl hook install --dry-run --diff");
}

void add_register(CLI::App& app, Texts& texts) {
  CLI::App* command = add_command(app, "register", "Put a process and its descendants into a class, as container ID",
                                  "netclsctl register web --pid 4711 --classid 10:1\n"
                                  "  netclsctl register web --pid 4711 --class gold");
  command->add_option("ID", texts.id, "A name of your choice")->required()->check(check_id);
  command->add_option("--pid", texts.pid, "The process; its descendants go with it")->required()->check(check_pid);
  CLI::Option_group* wanted = command->add_option_group("class", "One of these");
  wanted->add_option("--classid", texts.classid, "10:1, 0x100001 or 1048577")->check(check_classid);
  wanted->add_option("--class", texts.class_name, "A name from the agent's configuration");
  wanted->require_option(1);
  add_mount(*command, texts);
}

std::string check_directory(const std::string& path) {
  const bool is_plain = path.starts_with('/') && path.size() > 1 && !path.ends_with('/') &&
                        (path + "/").find("/../") == std::string::npos && path.find("//") == std::string::npos;
  return is_plain ? "" : "\"" + path + "\" is not a directory such as /srv/netclsd";
}

// The options of all hook commands.
void add_places(CLI::App& command, HookOptions& options) {
  command.add_option("--root", options.root, "Where the host's file tree is")->capture_default_str();
  command
      .add_option("--program-dir", options.program_directory,
                  "Where to install the program (default: /opt/netclsd or /var/lib/netclsd)")
      ->check(check_directory);
  command
      .add_option("--state-dir", options.state_directory,
                  "The agent's state_dir. If it exists, the result is written to hook.json there, for the agent")
      ->capture_default_str()
      ->check(check_directory);
  command.add_flag("--exit-zero", options.exit_zero,
                   "Exit with 0 even if something is wrong; the output still says it");
}

void add_hook_options(CLI::App& command, HookOptions& options) {
  add_places(command, options);
  command.add_flag("--restart", options.restart, "Restart containerd or CRI-O if it must read its configuration again");
  command.add_flag("--dry-run", options.dry_run, "Change nothing, only print each step");
  command.add_flag("--diff", options.diff, "Show what changes in configuration files");
}

void add_hook_install(CLI::App& hook, HookTexts& texts) {
  CLI::App* command = add_command(hook, "install", "Install the hook, or bring an installation up to date",
                                  "netclsctl hook install --dry-run --diff\n"
                                  "  netclsctl hook install --restart\n"
                                  "  netclsctl hook install --root /host --runtime containerd --restart\n"
                                  "  netclsctl hook install --hook-arg=--on-failure --hook-arg=deny "
                                  "--hook-arg=--deny-exempt-namespace=kube-system");
  HookInstallOptions& options = texts.options;
  add_hook_options(*command, options);
  command->add_option("--runtime", texts.runtimes, "auto, podman, cri-o or containerd (repeatable; default auto)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"auto", "podman", "cri-o", "containerd"}));
  command->add_option("--binary", options.binary, "The netclsd-hook to install (default: the one beside netclsctl)");
  command
      ->add_option("--runtime-handler", options.runtime_handlers,
                   "A runtime handler of containerd (repeatable; default: all that use runc)")
      ->allow_extra_args(false);
  command
      ->add_option("--hook-arg", options.hook_arguments, "Argument of the hook, see netclsd-hook --help (repeatable)")
      ->allow_extra_args(false);
  command->add_flag("--all-containers", options.all_containers,
                    "Call the hook also for containers without an annotation: for default_class and classids in specs");
  command->add_flag("--unless-nri", options.unless_nri,
                    "Not into a containerd that offers NRI, unless the hook is there already: it tells netclsd-nri");
  command->add_option("--containerd-version", options.containerd_version,
                      "containerd's version, if its program cannot be run here");
  command
      ->add_option("--containerd-config", options.containerd_config,
                   "The file to edit (default: the one that the running containerd reads, or "
                   "/etc/containerd/config.toml)")
      ->check([](const std::string& path) { return path.starts_with('/') ? "" : "an absolute path is needed"; });
}

std::vector<Runtime> to_runtimes(const std::vector<std::string>& names) {
  std::vector<Runtime> runtimes;
  for (const std::string& name : names) {
    if (name == "auto") return {};
    for (const Runtime runtime : {Runtime::kPodman, Runtime::kCriO, Runtime::kContainerd}) {
      if (name == to_string(runtime)) runtimes.push_back(runtime);
    }
  }
  return runtimes;
}

void add_hook_commands(CLI::App& app, HookTexts& texts) {
  CLI::App* hook = add_command(app, "hook", "Install the hook into the container runtimes of a host, or remove it",
                               "netclsctl hook install --dry-run --diff");
  hook->require_subcommand(1);
  add_hook_install(*hook, texts);
  CLI::App* uninstall =
      add_command(*hook, "uninstall", "Restore the runtimes' configuration and remove the hook",
                  "netclsctl hook uninstall --restart\n  netclsctl hook uninstall --root /host --dry-run");
  add_hook_options(*uninstall, texts.options);
  CLI::App* status = add_command(*hook, "status",
                                 "What is installed, and what is wrong with it; exit status 3 if something is wrong or "
                                 "nothing is installed",
                                 "netclsctl hook status -o json");
  add_places(*status, texts.options);
}

Command to_hook_command(const std::string& name, const HookTexts& texts) {
  HookInstallOptions options = texts.options;
  options.runtimes = to_runtimes(texts.runtimes);
  if (name == "install") return HookInstallCommand{std::move(options)};
  if (name == "uninstall") return HookUninstallCommand{options};
  return HookStatusCommand{options};
}

void add_commands(CLI::App& app, Texts& texts) {
  app.require_subcommand(1);
  add_command(app, "status", "Whether the agent is ready, and its counters", "netclsctl status");
  add_command(app, "list", "All registered containers", "netclsctl list");
  add_command(app, "show", "One container and its processes", "netclsctl show 3f2a9c")
      ->add_option("ID", texts.id, "The container's id")
      ->required()
      ->check(check_id);
  add_command(app, "explain", "Which class a process is in, and why", "netclsctl explain 4711")
      ->add_option("PID", texts.pid, "In the host's pid namespace")
      ->required()
      ->check(check_pid);
  add_register(app, texts);
  CLI::App* release =
      add_command(app, "release", "Forget a container; its processes leave the class", "netclsctl release web");
  release->add_option("ID", texts.id, "The container's id")->required()->check(check_id);
  add_mount(*release, texts);
  add_command(app, "sweep", "Compare all processes with the registrations now, and repair", "netclsctl sweep");
  add_hook_commands(app, texts.hook);
  add_command(app, "doctor", "Check this host and the agent", "netclsctl doctor");
}

// The checks have passed: every text parses.
Command to_command(const std::string& name, const Texts& texts) {
  if (name == "status") return StatusCommand{};
  if (name == "list") return ListCommand{};
  if (name == "sweep") return SweepCommand{};
  if (name == "doctor") return DoctorCommand{};
  if (name == "explain") return ExplainCommand{to_pid(texts.pid)};
  ContainerId id = *ContainerId::parse(texts.id);
  if (name == "show") return ShowCommand{std::move(id)};
  if (name == "release") return ReleaseCommand{std::move(id)};
  if (texts.classid.empty()) return RegisterCommand{std::move(id), to_pid(texts.pid), ClassName{texts.class_name}};
  return RegisterCommand{std::move(id), to_pid(texts.pid), *ClassId::parse(texts.classid)};
}

Command command_of(const CLI::App& command, const Texts& texts) {
  if (command.get_name() != "hook") return to_command(command.get_name(), texts);
  HookTexts hook = texts.hook;
  hook.options.as_json = texts.format == "json";
  return to_hook_command(command.get_subcommands().front()->get_name(), hook);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

UsageAnswer answer_to(const CLI::ParseError& error, const CLI::App& app) {
  std::ostringstream out;
  std::ostringstream unused;
  if (app.exit(error, out, unused) == 0) return {.exit_status = 0, .text = out.str()};
  return {.exit_status = kWrongUsage, .text = "netclsctl: " + first_line(error.what()) + "; see netclsctl --help\n"};
}

}  // namespace

std::variant<Arguments, UsageAnswer> parse_arguments(std::vector<std::string> arguments) {
  Texts texts;
  CLI::App app("The client of netclsd, which keeps containers' processes in their network class.", "netclsctl");
  add_global_options(app, texts);
  add_commands(app, texts);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {  // CLI11 reports help, version and wrong usage by it
    return answer_to(error, app);
  }
  return Arguments{.socket = texts.socket,
                   .mount = texts.mount,
                   .timeout = std::chrono::duration_cast<std::chrono::milliseconds>(*parse_duration(texts.timeout)),
                   .format = texts.format == "json" ? OutputFormat::kJson : OutputFormat::kTable,
                   .command = command_of(*app.get_subcommands().front(), texts)};
}

}  // namespace netclsd::cli
