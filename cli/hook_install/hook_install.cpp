#include "cli/hook_install/hook_install.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cli/hook_install/containerd_state.h"
#include "cli/hook_install/host.h"
#include "cli/hook_install/nri.h"
#include "cli/hook_install/own_directory.h"
#include "cli/hook_install/report.h"
#include "cli/hook_install/status.h"
#include "cli/hook_install/step.h"
#include "cli/hook_install/users.h"
#include "cli/hook_install/wanted.h"

namespace netclsd::cli {
namespace {

std::string how_to_restart(const RootTree& tree) {
  return "systemctl restart " + containerd_service(tree) + ", or --restart";
}

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
    if (report_.needs_restart) {
      report_.notes.push_back("containerd reads this when it starts: restart it (" + how_to_restart(tree_) +
                              "; containers go on)");
    }
    return std::move(report_);
  }

 private:
  Result<InstallFacts> gather() {
    auto programs = read_programs(options_.binary, options_.hook_arguments);
    if (!programs) return pass_on(programs.error());
    auto installation = find_installation(tree_, options_.program_directory);
    if (!installation) return pass_on(installation.error());
    const auto directory =
        *installation ? present_directory(**installation) : choose_directory(tree_, options_.program_directory);
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
    NamedSpecs named = find_named_specs(tree_, manifest, wanted->now, entry.path);
    InstallFacts facts{.manifest = {},
                       .directory = std::move(*own),
                       .version = programs->version,
                       .hook = std::move(programs->hook),
                       .stub = std::move(programs->stub),
                       .wanted = std::move(wanted->files),
                       .kept = std::move(wanted->kept),
                       .now = std::move(wanted->now),
                       .missing_directories = std::move(wanted->missing_directories),
                       .hookless = std::move(named.specs),
                       .runtimes = std::move(wanted->runtimes),
                       .containerd_config = std::move(wanted->containerd_config),
                       .runtime_handlers = options_.runtime_handlers};
    if (*installation) facts.manifest = manifest;
    facts.closed_directories = find_closed(tree_, facts.directory, manifest);
    facts.pointer = *installation ? manifest.pointer : choose_pointer(tree_, *directory);
    return facts;
  }

  // It cannot move: bundles of containers name its path.
  Result<std::string> present_directory(const Installation& installation) const {
    const std::string& asked = options_.program_directory;
    if (asked.empty() || asked == installation.directory) return installation.directory;
    return failure(ErrorCode::kConflict, "the hook is installed in " + installation.directory +
                                             ": uninstall it before it is put into " + asked);
  }

  // An earlier run, perhaps an unfinished one, has made changes, and containerd has been running since before them.
  bool is_restart_due(const std::optional<Manifest>& manifest) const {
    return manifest && manifest->changed &&
           find_older_containerd(tree_, containerd_config_of(*manifest), *manifest->changed).has_value();
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
    report_.summary = "netclsd-hook " + facts.version + " is installed in " + facts.directory.path;
    if (auto done = restart(plan.after); !done) return done;
    return look_at_runtimes(plan.after);
  }

  Result<void> restart(const Manifest& after) {
    if (!report_.needs_restart || !options_.restart) return {};
    if (auto done = restart_service(tree_, containerd_service(tree_)); !done) return done;
    report_.needs_restart = is_restart_due(after);
    report_.is_degraded = report_.is_degraded || report_.needs_restart;
    report_.notes.emplace_back(report_.needs_restart ? "containerd was told to restart and still runs as before"
                                                     : "containerd was restarted");
    return {};
  }

  // What the runtimes read now. Two things were already noted: that containerd must be restarted, and why another
  // runtime does not find the hook.
  Result<void> look_at_runtimes(const Manifest& after) {
    const auto look = [&] { report_.runtimes = find_runtime_states(tree_, after); };
    look();
    if (waits_for_crio(report_) && options_.restart) {
      if (auto done = restart_service(tree_, "crio"); !done) return done;
      report_.notes.emplace_back("cri-o was restarted");
      look();
    }
    using State = RuntimeState::State;
    for (const RuntimeState& each : report_.runtimes) {
      const bool is_restart = each.state == State::kRestartNeeded;
      const bool is_containerd = each.runtime == to_string(Runtime::kContainerd);
      if (each.state != State::kOk && is_restart != is_containerd) report_.notes.push_back(each.message);
      if (each.state != State::kOk && !is_restart) report_.is_degraded = true;
    }
    return {};
  }

  const RootTree& tree_;
  const HookInstallOptions& options_;
  HookReport report_;
};

class Uninstaller {
 public:
  Uninstaller(const RootTree& tree, const HookOptions& options) : tree_(tree), options_(options) {}

  Result<HookReport> uninstall() {
    auto installation = find_installation(tree_, options_.program_directory);
    if (!installation) return pass_on(installation.error());
    if (!*installation) return uninstall_nothing();
    Manifest& manifest = (*installation)->manifest;
    const std::string& directory = (*installation)->directory;
    if (auto done = restore(directory, manifest); !done) return pass_on(done.error());
    if (auto done = restart(manifest); !done) return pass_on(done.error());
    if (auto done = remove(directory, manifest); !done) return pass_on(done.error());
    return std::move(report_);
  }

 private:
  Result<HookReport> uninstall_nothing() {
    report_.notes.emplace_back("nothing is installed");
    if (options_.dry_run) return std::move(report_);
    if (auto removed = remove_unfinished(tree_, options_.program_directory); !removed) return pass_on(removed.error());
    return std::move(report_);
  }

  Result<void> carry_out(const Steps& steps) {
    report_.steps.insert(report_.steps.end(), steps.begin(), steps.end());
    if (options_.dry_run) return {};
    auto done = execute(tree_, steps);
    if (!done) return pass_on(done.error(), "not finished; run uninstall again");
    return done;
  }

  Result<void> restore(const std::string& directory, Manifest& manifest) {
    const auto own = look_at(tree_, directory, &manifest);
    const auto now = read_files(tree_, manifest);
    if (!own) return pass_on(own.error());
    if (!now) return pass_on(now.error());
    const bool was_unfinished =
        manifest.state == InstallState::kInstalling || manifest.state == InstallState::kRemoving;
    named_ = find_named_specs(tree_, manifest, *now, directory + "/" + kLinkName);
    auto plan = plan_restore(manifest, *own, *now, named_.specs);
    if (!plan) return pass_on(plan.error());
    constexpr std::size_t kManifestAlone = 1;
    const bool is_restored = plan->steps.size() <= kManifestAlone;
    if (is_restored && manifest.state == InstallState::kStub) return {};
    if (!is_restored) {
      if (auto done = carry_out(plan->steps); !done) return done;
    }
    manifest = plan->after;
    if (plan->changes_start_up || was_unfinished) manifest.changed = current_time(tree_);
    changed_now_ = plan->changes_start_up;
    return {};
  }

  bool is_restart_due(const Manifest& manifest) const {
    return manifest.changed &&
           find_older_containerd(tree_, containerd_config_of(manifest), *manifest.changed).has_value();
  }

  Result<void> restart(const Manifest& manifest) {
    report_.needs_restart = changed_now_ || is_restart_due(manifest);
    if (!report_.needs_restart || !options_.restart || options_.dry_run) return {};
    if (auto done = restart_service(tree_, containerd_service(tree_)); !done) return done;
    report_.needs_restart = is_restart_due(manifest);
    report_.notes.emplace_back("containerd was restarted");
    return {};
  }

  Result<void> remove(const std::string& directory, const Manifest& manifest) {
    const auto own = look_at(tree_, directory, &manifest);
    if (!own) return pass_on(own.error());
    const auto user = find_user(directory + "/" + kLinkName, manifest);
    const bool is_in_use = user.has_value() || !named_.specs.empty();
    if (auto done = carry_out(plan_remove(manifest, *own, is_in_use, named_.specs)); !done) return done;
    report_.is_degraded = report_.is_degraded || is_in_use;
    report_.notes.insert(report_.notes.end(), named_.notes.begin(), named_.notes.end());
    if (user) {
      report_.notes.push_back("a program that does nothing stays at " + directory + "/" + kLinkName + ": " + *user +
                              "; run uninstall again later to remove it");
    }
    if (!user && report_.needs_restart) {
      report_.notes.emplace_back("restart containerd where it runs with the configuration of before");
    }
    return {};
  }

  // What may still call the hook, for people.
  std::optional<std::string> find_user(const std::string& link, const Manifest& manifest) const {
    if (is_restart_due(manifest)) {
      return "containerd has the hook in its memory until it is restarted (" + how_to_restart(tree_) + ")";
    }
    const auto bundle = find_bundle_calling(tree_, link);
    if (bundle) return "a container may still call it (" + *bundle + ")";
    return std::nullopt;
  }

  const RootTree& tree_;
  const HookOptions& options_;
  HookReport report_;
  NamedSpecs named_;
  bool changed_now_ = false;
};

struct Choice {
  HookInstallOptions options;
  bool leaves_containerd = false;  // to the NRI plugin
};

Choice choose(const RootTree& tree, const HookInstallOptions& asked) {
  Choice choice{.options = asked};
  if (!asked.unless_nri) return choice;
  std::vector<Runtime> runtimes = asked.runtimes;
  for (const FoundRuntime& found : runtimes.empty() ? find_runtimes(tree) : std::vector<FoundRuntime>{}) {
    runtimes.push_back(found.runtime);
  }
  choice.options.runtimes = not_left_to_nri(tree, asked, runtimes);
  choice.leaves_containerd = choice.options.runtimes.size() < runtimes.size();
  return choice;
}

// The agent is told that containerd does not call the hook. It knows whether the plugin is connected instead.
Result<HookReport> install_chosen(const RootTree& tree, const HookInstallOptions& options, bool leaves_containerd) {
  const bool is_nothing_left = leaves_containerd && options.runtimes.empty();
  auto report = is_nothing_left ? Result<HookReport>(HookReport{}) : Installer(tree, options).install();
  if (!report || !leaves_containerd) return report;
  const std::string message = "containerd offers NRI (" + std::string(kNriSocket) + ") and is left to netclsd-nri";
  report->notes.push_back(message);
  report->runtimes.push_back(
      {std::string(to_string(Runtime::kContainerd)), RuntimeState::State::kMissing, message, {}});
  return report;
}

}  // namespace

HookOutcome install_hook(const HookInstallOptions& asked) {
  const auto tree = RootTree::open(asked.root);
  if (!tree) return with_exit_status(asked, to_outcome(tree.error()));
  const auto [options, leaves_containerd] = choose(*tree, asked);
  const auto report = install_chosen(*tree, options, leaves_containerd);
  if (!report) {
    return conclude(*tree, options, to_outcome(report.error()),
                    {.state = AgentReport::State::kFailed, .message = report.error().message()});
  }
  const auto is_read = [](const RuntimeState& each) { return each.state == RuntimeState::State::kOk; };
  const bool is_fine = !report->is_degraded && std::all_of(report->runtimes.begin(), report->runtimes.end(), is_read);
  return conclude(*tree, options, to_outcome(*report, options),
                  {.state = is_fine ? AgentReport::State::kOk : AgentReport::State::kDegraded,
                   .message = is_fine ? report->summary : all_notes(*report),
                   .runtimes = report->runtimes});
}

HookOutcome uninstall_hook(const HookOptions& options) {
  const auto tree = RootTree::open(options.root);
  if (!tree) return with_exit_status(options, to_outcome(tree.error()));
  const auto report = Uninstaller(*tree, options).uninstall();
  if (!report) {
    return conclude(*tree, options, to_outcome(report.error()),
                    {.state = AgentReport::State::kFailed, .message = report.error().message()});
  }
  const std::string notes = all_notes(*report);
  return conclude(
      *tree, options, to_outcome(*report, options),
      {.state = AgentReport::State::kDisabled, .message = "uninstalled" + (notes.empty() ? "" : ": " + notes)});
}

}  // namespace netclsd::cli
