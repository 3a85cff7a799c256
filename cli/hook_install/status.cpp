#include "cli/hook_install/status.h"

#include <array>

#include "cli/hook_install/hook_install.h"
#include "cli/hook_install/users.h"
#include "common/json/fields.h"
#include "netclsd_version.h"

namespace netclsd::cli {
namespace {

constexpr int kExitDegraded = 3;

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

std::string to_table(const HookStatus& status) {
  if (status.directory.empty()) return "not installed\n";
  std::string text =
      std::string(to_string(status.state)) + ": netclsd-hook " + status.version + " in " + status.directory + "\n";
  for (const HookFile& file : status.files) text += file.path + ": " + to_text(file.condition) + "\n";
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
                      {"problems", status.problems}};
  for (const HookFile& file : status.files) {
    json["files"].push_back({{"path", file.path}, {"condition", to_text(file.condition)}});
  }
  return dump(json) + "\n";
}

}  // namespace

Result<HookStatus> find_hook_status(const RootTree& tree) {
  const auto installation = find_installation(tree);
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
  for (const ManagedFile& file : manifest.files) {
    status.files.push_back({file.path, judge(file, now->at(file.path))});
    const FileCondition condition = status.files.back().condition;
    if (condition != FileCondition::kOurs) status.problems.push_back(file.path + " " + to_text(condition));
  }
  status.needs_restart = manifest.changed && has_older_containerd(tree, *manifest.changed);
  if (status.needs_restart)
    status.problems.emplace_back("containerd has not been restarted since its configuration changed");
  return status;
}

HookOutcome show_hook(const HookOptions& options) {
  const auto tree = RootTree::open(options.root);
  if (!tree) return to_outcome(tree.error());
  const auto status = find_hook_status(*tree);
  if (!status) return to_outcome(status.error());
  const bool is_fine = !status->directory.empty() && status->problems.empty();
  return {.exit_status = is_fine ? 0 : kExitDegraded,
          .text = options.as_json ? to_json_text(*status) : to_table(*status),
          .error = {}};
}

}  // namespace netclsd::cli
