#include "cli/hook_install/status.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "cli/hook_install/containerd_state.h"
#include "cli/hook_install/hook_install.h"
#include "cli/hook_install/hooks_d.h"
#include "cli/hook_install/options.h"
#include "cli/hook_install/report.h"
#include "common/json/fields.h"
#include "netclsd_version.h"

namespace netclsd::cli {
namespace {

constexpr std::array<const char*, 4> kConditions = {"ok", "is as it was before the installation",
                                                    "was changed since, and does not call the hook",
                                                    "was changed since, and mentions netclsd"};

const char* to_text(FileCondition condition) { return kConditions[static_cast<std::size_t>(condition)]; }

std::string problem_of(InstallState state) {
  switch (state) {
    case InstallState::kInstalled:
      return {};
    case InstallState::kInstalling:
      return "an installation did not end: run install again, or uninstall";
    case InstallState::kRemoving:
      return "a removal did not end: run uninstall again";
    case InstallState::kStub:
      return "a program that does nothing is left, for whoever still calls it: run uninstall again later";
  }
  return {};
}

// A runtime that cannot run the program starts no container that calls it.
void check_executable(const RootTree& tree, const Installation& installation, const OwnDirectory& own,
                      std::vector<std::string>& problems) {
  for (const std::string& name : own.not_executable) {
    problems.push_back(installation.directory + "/" + name + " is not executable: run install again");
  }
  if (tree.is_noexec(installation.directory)) {
    problems.push_back("no program can be run in " + installation.directory + ": the mount at " +
                       tree.mount_point_of(installation.directory) + " is noexec");
  }
}

void check_program(const Installation& installation, const OwnDirectory& own, std::vector<std::string>& problems) {
  const Manifest& manifest = installation.manifest;
  if (manifest.state == InstallState::kStub) return;
  const std::string link = installation.directory + "/" + kLinkName;
  if (own.link_target != manifest.program) {
    problems.push_back(link + (own.link_target ? " leads to " + *own.link_target : " is missing") + ", and not to " +
                       manifest.program);
  }
  const auto program = own.programs.find(manifest.program);
  if (program == own.programs.end())
    problems.push_back(installation.directory + "/" + manifest.program + " is missing");
  if (program != own.programs.end() && program->second != manifest.program_sha256) {
    problems.push_back(installation.directory + "/" + manifest.program + " was changed since");
  }
  if (manifest.version != kVersion) {
    problems.push_back("the hook is of version " + manifest.version + ", netclsctl of " + kVersion);
  }
}

// Other users run podman, too. If it may not read hooks.d, or call the hook, it starts no container.
void check_access(const RootTree& tree, const Installation& installation, std::vector<std::string>& problems) {
  std::set<std::string> closed;
  if (!is_open_to_everybody(tree, installation.directory)) closed.insert(installation.directory);
  for (const ManagedFile& file : installation.manifest.files) {
    const std::string directory = parent_of(file.path);
    const bool is_seen = file.kind == FileKind::kHooksD && tree.is_directory(directory);
    if (is_seen && !is_open_to_everybody(tree, directory, Look::kList)) closed.insert(directory);
  }
  for (const std::string& directory : closed) {
    problems.push_back("not everybody can look into " + directory +
                       ": podman starts no container for other users than root");
  }
}

bool was_hooked(const Manifest& manifest, Runtime runtime) {
  const auto& runtimes = manifest.runtimes;
  return std::find(runtimes.begin(), runtimes.end(), to_string(runtime)) != runtimes.end();
}

void add_runtimes(HookStatus& status, std::vector<RuntimeState> runtimes) {
  using State = RuntimeState::State;
  status.runtimes = std::move(runtimes);
  for (const RuntimeState& each : status.runtimes) {
    if (each.state == State::kOk) continue;
    status.problems.push_back(each.message);
    status.needs_restart = status.needs_restart || each.state == State::kRestartNeeded;
  }
}

std::string to_table(const HookStatus& status) {
  if (status.directory.empty()) return "not installed\n";
  std::string text =
      std::string(to_string(status.state)) + ": netclsd-hook " + status.version + " in " + status.directory + "\n";
  for (const HookFile& file : status.files) text += file.path + ": " + to_text(file.condition) + "\n";
  for (const RuntimeState& runtime : status.runtimes) {
    text += runtime.runtime + ": " + std::string(to_string(runtime.state)) + "\n";
  }
  for (const std::string& problem : status.problems) text += "problem: " + problem + "\n";
  return text;
}

std::string to_json_text(const HookStatus& status) {
  OrderedJson json = {{"installed", !status.directory.empty()},
                      {"state", status.directory.empty() ? "none" : to_string(status.state)},
                      {"version", status.version},
                      {"directory", status.directory},
                      {"needs_restart", status.needs_restart},
                      {"files", OrderedJson::array()},
                      {"runtimes", OrderedJson::array()},
                      {"problems", status.problems}};
  for (const HookFile& file : status.files) {
    json["files"].push_back({{"path", file.path}, {"condition", to_text(file.condition)}});
  }
  for (const RuntimeState& runtime : status.runtimes)
    json["runtimes"].push_back(to_json_value(runtime.runtime, runtime));
  return dump(json) + "\n";
}

AgentReport to_agent_report(const HookStatus& status) {
  using State = AgentReport::State;
  if (status.directory.empty()) return {.state = State::kDisabled, .message = "no hook is installed"};
  std::string message = "netclsd-hook " + status.version + " is installed in " + status.directory;
  const bool is_fine = status.problems.empty();
  for (const std::string& problem : status.problems) message += "; " + problem;
  return {.state = is_fine ? State::kOk : State::kDegraded, .message = message, .runtimes = status.runtimes};
}

}  // namespace

std::vector<RuntimeState> find_runtime_states(const RootTree& tree, const Manifest& manifest) {
  if (manifest.state != InstallState::kInstalled) return {};
  std::vector<RuntimeState> states = find_hooks_d_states(tree, manifest);
  if (was_hooked(manifest, Runtime::kContainerd)) states.push_back(containerd_state(tree, manifest));
  return states;
}

Result<HookStatus> find_hook_status(const RootTree& tree, const std::string& asked) {
  const auto installation = find_installation(tree, asked);
  if (!installation) return pass_on(installation.error());
  if (!*installation) return HookStatus{};
  const Manifest& manifest = (*installation)->manifest;
  const auto own = look_at(tree, (*installation)->directory, &manifest);
  const auto now = read_files(tree, manifest);
  if (!own) return pass_on(own.error());
  if (!now) return pass_on(now.error());
  HookStatus status{.directory = (*installation)->directory, .version = manifest.version, .state = manifest.state};
  if (std::string problem = problem_of(manifest.state); !problem.empty()) status.problems.push_back(std::move(problem));
  check_program(**installation, *own, status.problems);
  check_executable(tree, **installation, *own, status.problems);
  for (const ManagedFile& file : manifest.files) {
    status.files.push_back({file.path, judge(file, now->at(file.path))});
    const FileCondition condition = status.files.back().condition;
    if (condition != FileCondition::kOurs) status.problems.push_back(file.path + " " + to_text(condition));
  }
  const bool is_installed = manifest.state == InstallState::kInstalled;
  if (is_installed && was_hooked(manifest, Runtime::kPodman)) check_access(tree, **installation, status.problems);
  add_runtimes(status, find_runtime_states(tree, manifest));
  return status;
}

HookOutcome show_hook(const HookOptions& options) {
  const auto tree = RootTree::open(options.root);
  if (!tree) return with_exit_status(options, to_outcome(tree.error()));
  const auto status = find_hook_status(*tree, options.program_directory);
  if (!status) {
    return conclude(*tree, options, to_outcome(status.error()),
                    {.state = AgentReport::State::kFailed, .message = status.error().message()});
  }
  const bool is_fine = !status->directory.empty() && status->problems.empty();
  HookOutcome outcome{.exit_status = is_fine ? 0 : kHookDegraded,
                      .text = options.as_json ? to_json_text(*status) : to_table(*status),
                      .error = {}};
  return conclude(*tree, options, std::move(outcome), to_agent_report(*status));
}

}  // namespace netclsd::cli
