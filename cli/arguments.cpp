#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/hook_arguments.h"
#include "common/base/text.h"
#include "common/base/units.h"
#include "netclsd_version.h"

namespace netclsd::cli {
namespace {

constexpr int kWrongUsage = 2;
constexpr std::uint64_t kPidMax = 0x7fff'ffff;

// What CLI11 fills in; turned into Arguments once everything has been checked.
struct Texts {
  std::string socket = kDefaultSocket;
  std::string timeout = "10s";
  std::string format = "table";
  std::string id;
  std::string pid;
  std::string classid;
  std::string class_name;
  HookTexts hook;
};

// Empty: fine. CLI11's convention for checks.
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
  command->add_option("--pid", texts.pid, "The process; its children follow")->required()->check(check_pid);
  CLI::Option_group* wanted = command->add_option_group("class", "One of these");
  wanted->add_option("--classid", texts.classid, "10:1, 0x100001 or 1048577")->check(check_classid);
  wanted->add_option("--class", texts.class_name, "A name from the agent's configuration");
  wanted->require_option(1);
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
  add_command(app, "release", "Forget a container; its processes leave the class", "netclsctl release web")
      ->add_option("ID", texts.id, "The container's id")
      ->required()
      ->check(check_id);
  add_command(app, "sweep", "Compare all processes with the registrations now, and repair", "netclsctl sweep");
  add_hook_commands(app, texts.hook);
  add_command(app, "doctor", "Check what this host offers, and the agent", "netclsctl doctor");
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
  CLI::App app("Asks and tells netclsd, which keeps containers' processes in their network class.", "netclsctl");
  add_global_options(app, texts);
  add_commands(app, texts);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {  // how CLI11 says help, version and wrong usage
    return answer_to(error, app);
  }
  return Arguments{.socket = texts.socket,
                   .timeout = std::chrono::duration_cast<std::chrono::milliseconds>(*parse_duration(texts.timeout)),
                   .format = texts.format == "json" ? OutputFormat::kJson : OutputFormat::kTable,
                   .command = command_of(*app.get_subcommands().front(), texts)};
}

}  // namespace netclsd::cli
