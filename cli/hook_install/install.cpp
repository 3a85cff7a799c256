#include "cli/hook_install/execute.h"
#include "cli/hook_install/hook_install.h"
#include "cli/hook_install/own_directory.h"
#include "cli/hook_install/program.h"
#include "cli/hook_install/restart.h"
#include "cli/hook_install/users.h"
#include "cli/hook_install/wanted.h"

namespace netclsd::cli {
namespace {

constexpr const char* kRestartNote =
    "containerd reads this when it starts: restart it (systemctl restart containerd, or --restart; containers go on)";

class Installer {
 public:
  Installer(const RootTree& tree, const HookInstallOptions& options) : tree_(tree), options_(options) {}

  Result<HookReport> install() {
    auto facts = gather();
    if (!facts) return pass_on(facts.error());
    auto plan = plan_install(*facts);
    if (!plan) return pass_on(plan.error());
    report_.steps = plan->steps;
    report_.needs_restart = plan->changes_start_up || is_restart_due(facts->manifest);
    if (!options_.dry_run) {
      if (auto done = carry_out(*facts, std::move(*plan)); !done) return pass_on(done.error());
    }
    if (report_.needs_restart) report_.notes.emplace_back(kRestartNote);
    return std::move(report_);
  }

 private:
  Result<InstallFacts> gather() {
    auto programs = read_programs(options_.binary, options_.hook_arguments);
    if (!programs) return pass_on(programs.error());
    auto installation = find_installation(tree_);
    if (!installation) return pass_on(installation.error());
    const auto directory = *installation ? Result<std::string>((*installation)->directory) : choose_directory(tree_);
    if (!directory) return pass_on(directory.error());
    const Manifest manifest = *installation ? (*installation)->manifest : Manifest{};
    auto own = look_at(tree_, *directory, &manifest);
    if (!own) return pass_on(own.error());
    const HookEntry entry{.path = *directory + "/" + kLinkName,
                          .arguments = options_.hook_arguments,
                          .all_containers = options_.all_containers};
    auto wanted = find_wanted(tree_, options_, entry, manifest);
    if (!wanted) return pass_on(wanted.error());
    report_.found = wanted->found;
    report_.notes = wanted->notes;
    report_.is_degraded = wanted->is_degraded;
    InstallFacts facts{.manifest = {},
                       .directory = std::move(*own),
                       .version = programs->version,
                       .hook = std::move(programs->hook),
                       .stub = std::move(programs->stub),
                       .wanted = std::move(wanted->files),
                       .kept = std::move(wanted->kept),
                       .now = std::move(wanted->now),
                       .missing_directories = std::move(wanted->missing_directories)};
    if (*installation) facts.manifest = manifest;
    return facts;
  }

  // Changed by an earlier run, possibly by one that did not end; and containerd has been running since.
  bool is_restart_due(const std::optional<Manifest>& manifest) const {
    return manifest && manifest->changed && has_older_containerd(tree_, *manifest->changed);
  }

  Result<void> carry_out(const InstallFacts& facts, Plan plan) {
    if (auto done = execute(tree_, plan.steps); !done) {
      return pass_on(done.error(), "not finished; run install again to complete it, or uninstall to undo it");
    }
    const bool was_unfinished = facts.manifest && facts.manifest->state == InstallState::kInstalling;
    if (plan.changes_start_up || was_unfinished) plan.after.changed = current_time(tree_);
    if (was_unfinished) report_.needs_restart = report_.needs_restart || is_restart_due(plan.after);
    if (!plan.steps.empty()) {
      const Steps last{write_manifest(facts.directory.path, plan.after)};
      if (auto done = execute(tree_, last); !done) return done;
    }
    if (!report_.needs_restart || !options_.restart) return {};
    if (auto done = restart_containerd(tree_); !done) return done;
    report_.needs_restart = is_restart_due(plan.after);
    report_.notes.emplace_back(report_.needs_restart ? "containerd was told to restart and still runs as before"
                                                     : "containerd was restarted");
    return {};
  }

  const RootTree& tree_;
  const HookInstallOptions& options_;
  HookReport report_;
};

}  // namespace

HookOutcome install_hook(const HookInstallOptions& options) {
  const auto tree = RootTree::open(options.root);
  if (!tree) return to_outcome(tree.error());
  const auto report = Installer(*tree, options).install();
  return report ? to_outcome(*report, options) : to_outcome(report.error());
}

}  // namespace netclsd::cli
