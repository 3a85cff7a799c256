#include "cli/hook_arguments.h"

namespace netclsd::cli {
namespace {

void add_hook_options(CLI::App& command, HookOptions& options) {
  command.add_option("--root", options.root, "Where the host's file tree is")->capture_default_str();
  command.add_flag("--restart", options.restart, "Restart containerd if it has to read what was changed");
  command.add_flag("--dry-run", options.dry_run, "Change nothing, say each step");
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
  command->add_option("--binary", options.binary, "netclsd-hook (default: the one beside netclsctl)");
  command->add_option("--runtime-handler", options.runtime_handlers, "containerd's (repeatable; default: all of runc)")
      ->allow_extra_args(false);
  command->add_option("--hook-arg", options.hook_arguments, "For the hook, see netclsd-hook --help (repeatable)")
      ->allow_extra_args(false);
  command->add_flag("--all-containers", options.all_containers,
                    "Call the hook without an annotation, too: for default_class and classids in specs");
  command->add_option("--containerd-version", options.containerd_version, "Where its program cannot be asked");
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

}  // namespace

CLI::App* add_command(CLI::App& app, const char* name, const char* about, const char* example) {
  CLI::App* command = app.add_subcommand(name, about);
  command->footer(std::string("Example:\n  ") + example);
  command->fallthrough();  // global options may follow the subcommand
  return command;
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
  add_command(*hook, "status",
              "What is installed, and what is wrong with it; exit status 3 if something is, or nothing is "
              "installed",
              "netclsctl hook status -o json")
      ->add_option("--root", texts.options.root, "Where the host's file tree is")
      ->capture_default_str();
}

Command to_hook_command(const std::string& name, const HookTexts& texts) {
  HookInstallOptions options = texts.options;
  options.runtimes = to_runtimes(texts.runtimes);
  if (name == "install") return HookInstallCommand{std::move(options)};
  if (name == "uninstall") return HookUninstallCommand{options};
  return HookStatusCommand{options};
}

}  // namespace netclsd::cli
