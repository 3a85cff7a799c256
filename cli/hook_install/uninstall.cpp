#include "cli/hook_install/execute.h"
#include "cli/hook_install/hook_install.h"
#include "cli/hook_install/own_directory.h"
#include "cli/hook_install/restart.h"
#include "cli/hook_install/users.h"

namespace netclsd::cli {
namespace {

class Uninstaller {
 public:
  Uninstaller(const RootTree& tree, const HookOptions& options) : tree_(tree), options_(options) {}

  Result<HookReport> uninstall() {
    auto installation = find_installation(tree_);
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
    if (auto removed = remove_unfinished(tree_); !removed) return pass_on(removed.error());
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
    auto plan = plan_restore(manifest, *own, *now);
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
    return manifest.changed && has_older_containerd(tree_, *manifest.changed);
  }

  Result<void> restart(const Manifest& manifest) {
    report_.needs_restart = changed_now_ || is_restart_due(manifest);
    if (!report_.needs_restart || !options_.restart || options_.dry_run) return {};
    if (auto done = restart_containerd(tree_); !done) return done;
    report_.needs_restart = is_restart_due(manifest);
    report_.notes.emplace_back("containerd was restarted");
    return {};
  }

  Result<void> remove(const std::string& directory, const Manifest& manifest) {
    const auto own = look_at(tree_, directory, nullptr);
    if (!own) return pass_on(own.error());
    const auto user = find_user(directory + "/" + kLinkName, manifest);
    if (auto done = carry_out(plan_remove(manifest, *own, user.has_value())); !done) return done;
    if (user) {
      report_.is_degraded = true;
      report_.notes.push_back("a program that does nothing stays at " + directory + "/" + kLinkName + ": " + *user +
                              "; run uninstall again later to remove it");
    }
    if (!user && report_.needs_restart) {
      report_.notes.emplace_back("restart containerd where it runs with the configuration of before");
    }
    return {};
  }

  // Who may still call the hook, in words.
  std::optional<std::string> find_user(const std::string& link, const Manifest& manifest) const {
    if (is_restart_due(manifest)) {
      return "containerd has the hook in its memory until it is restarted (systemctl restart containerd, or --restart)";
    }
    const auto bundle = find_bundle_calling(tree_, link);
    if (bundle) return "a container may still call it (" + *bundle + ")";
    return std::nullopt;
  }

  const RootTree& tree_;
  const HookOptions& options_;
  HookReport report_;
  bool changed_now_ = false;
};

}  // namespace

HookOutcome uninstall_hook(const HookOptions& options) {
  const auto tree = RootTree::open(options.root);
  if (!tree) return to_outcome(tree.error());
  const auto report = Uninstaller(*tree, options).uninstall();
  return report ? to_outcome(*report, options) : to_outcome(report.error());
}

}  // namespace netclsd::cli
