#include "cli/hook_install/containerd_wanted.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "cli/hook_install/containerd_choice.h"
#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/containerd_owner.h"
#include "cli/hook_install/containerd_spec.h"
#include "cli/hook_install/containerd_state.h"
#include "cli/hook_install/containerd_view.h"
#include "cli/hook_install/hook_entry.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

// This may be intended, but without a note it would go unnoticed.
void note_other_default(const ContainerdConfig& config, const ChosenHandlers& chosen, std::vector<std::string>& notes) {
  const auto is_default = [&](const RuntimeHandler& handler) { return handler.name == config.default_handler; };
  if (std::any_of(chosen.handlers.begin(), chosen.handlers.end(), is_default)) return;
  notes.push_back("containerd's default runtime handler is " + printable(config.default_handler) +
                  ", which is not one of those: pods without a RuntimeClass do not call the hook");
}

std::string describe(const RunningContainerd& running) {
  return "containerd (pid " + std::to_string(running.process.pid.value) + ") reads " + running.config_path;
}

class ContainerdFinder {
 public:
  ContainerdFinder(const RootTree& tree, const HookInstallOptions& options, const HookEntry& entry,
                   const Manifest& manifest)
      : tree_(tree), options_(options), entry_(entry), manifest_(manifest) {}

  Result<ContainerdWanted> find() {
    if (auto chosen = choose_config(); !chosen) return pass_on(chosen.error());
    if (auto added = add_what_is_wanted(); !added) return pass_on(added.error());
    return std::move(wanted_);
  }

 private:
  // In this order: the file that was asked for, the one that the running daemon reads, the one edited before, the usual
  // one.
  Result<void> choose_config() {
    const auto running = find_cri_containerds(tree_);
    for (const RunningContainerd& each : running) wanted_.found.push_back(describe(each));
    if (!running.empty()) program_ = running.front().program;
    wanted_.config_path = options_.containerd_config;
    if (!wanted_.config_path.empty()) return {};
    const auto is_other = [&](const auto& each) { return each.config_path != running.front().config_path; };
    if (std::any_of(running.begin(), running.end(), is_other)) {
      return failure(ErrorCode::kConflict, describe(running.front()) + ", " + describe(running.back()) +
                                               ": say which one by --containerd-config");
    }
    const std::string& before = manifest_.containerd_config;
    wanted_.config_path = !running.empty()  ? running.front().config_path
                          : !before.empty() ? before
                                            : kContainerdConfigPath;
    return {};
  }

  // Decides by the file without our edit: as it is, or as it was before.
  Result<void> add_what_is_wanted() {
    const auto path = tree_.real_path(wanted_.config_path);
    if (!path) return pass_on(path.error());
    const auto now = tree_.read(*path, kConfigurationMax_bytes);
    if (!now) return pass_on(now.error());
    const ManagedFile* managed = find_file(manifest_, *path);
    condition_ = managed == nullptr ? FileCondition::kWithout : judge(*managed, *now);
    const std::optional<Snapshot>& without_us = condition_ == FileCondition::kOurs ? managed->previous : *now;
    const std::string text = without_us ? without_us->content : "";
    const auto version = find_version();
    const auto own = own_drop_ins(*path);
    auto view = read_containerd_view(tree_, wanted_.config_path, text, generation_of(version), own);
    if (!view) return pass_on(view.error());
    if (const ConfigFile* disabling = view->disabling()) return skip_disabled(disabling->path);
    if (!version && view->generation == Generation::kOne) return refuse_unknown_version();
    wanted_.generation = view->generation;
    wanted_.found.push_back("containerd is version " + version.value_or("2 (its configuration is of version 3)"));
    if (condition_ == FileCondition::kChanged) return keep(*path, *view);
    return add_files(*path, *view);
  }

  // What we wrote beside the main file: decisions are made without it, too.
  std::vector<std::string> own_drop_ins(const std::string& main) const {
    std::vector<std::string> own;
    for (const ManagedFile& file : manifest_.files) {
      if (file.kind != FileKind::kContainerdConfig || file.path == main) continue;
      const auto now = tree_.read(file.path, kConfigurationMax_bytes);
      if (now && judge(file, *now) == FileCondition::kOurs) own.push_back(file.path);
    }
    return own;
  }

  std::optional<std::string> find_version() const {
    return options_.containerd_version.empty() ? ask_containerd_version(tree_, program_)
                                               : parse_containerd_version(options_.containerd_version);
  }

  Result<void> refuse_unknown_version() const {
    return failure(ErrorCode::kNotFound, "containerd's version is not known: its program is not below " +
                                             options_.root + " or does not run; tell it with --containerd-version");
  }

  // Docker's package disables it.
  Result<void> skip_disabled(const std::string& path) {
    const std::string what = path + " disables containerd's CRI plugin: Kubernetes does not use this containerd";
    const auto& asked = options_.runtimes;
    if (std::find(asked.begin(), asked.end(), Runtime::kContainerd) != asked.end()) {
      return failure(ErrorCode::kConflict, what);
    }
    wanted_.notes.push_back(what + "; it is left alone");
    wanted_.config_path.clear();
    return {};
  }

  void keep_managed() {
    for (const ManagedFile& file : manifest_.files) {
      if (file.kind != FileKind::kHooksD) wanted_.kept.push_back(file.path);
    }
  }

  // Somebody else has changed the file since. As long as it still calls the hook, there is nothing to do.
  Result<void> keep(const std::string& path, const ContainerdView& view) {
    if (!find_handler_without_us(view.handlers(), options_.runtime_handlers).empty()) {
      return failure(ErrorCode::kConflict,
                     path +
                         " was changed since netclsctl wrote it, and only a part of what it wrote is still there; "
                         "take out by hand what names netclsd, then run this again");
    }
    wanted_.is_degraded = true;
    wanted_.notes.push_back(path +
                            " was changed since netclsctl wrote it, and still calls the hook: it is left as it "
                            "is, with its base spec. To uninstall, take out by hand what names netclsd");
    keep_managed();
    return {};
  }

  // The view has the main file's text without our edit, which is empty if there is no file.
  Result<void> add_files(const std::string& path, const ContainerdView& view) {
    const ConfigFile& main = view.files.front();
    if (auto fine = check_config(path, main.config, view.generation); !fine) return fine;
    const bool is_replaced = is_main_replaced(view);
    const auto chosen = choose_handlers(is_replaced ? view.handlers() : all_handlers(view), options_.runtime_handlers);
    if (!chosen) return pass_on(chosen.error(), path);
    wanted_.is_degraded = wanted_.is_degraded || !chosen->notes.empty();
    wanted_.notes.insert(wanted_.notes.end(), chosen->notes.begin(), chosen->notes.end());
    note_other_default(main.config, *chosen, wanted_.notes);
    if (auto added = add_specs(chosen->handlers); !added) return added;
    if (is_replaced) return leave(replaced_text(view), "there", chosen->handlers);
    if (const std::string drop_in = find_drop_in(view); !drop_in.empty()) return add_drop_in(drop_in, view, *chosen);
    if (const std::string why = why_not_edited(view); !why.empty())
      return leave_main(why, path, view, chosen->handlers);
    return edit_for(chosen->handlers, path, view);
  }

  // containerd <= 1.7: an edit of the main file has no effect if an imported file has the CRI plugin's table. That file
  // is not edited: its owner may write it anew at any time.
  bool is_main_replaced(const ContainerdView& view) {
    const ConfigFile* deciding = view.deciding();
    if (view.generation == Generation::kTwo || deciding == nullptr || deciding == &view.files.front()) return false;
    if (!find_handler_without_us(view.handlers(), options_.runtime_handlers).empty()) return true;
    wanted_.notes.push_back(replaced_text(view) + "; it calls the hook, too");
    return false;
  }

  Result<void> add_specs(const std::vector<RuntimeHandler>& handlers) {
    for (const RuntimeHandler& handler : handlers) {
      const std::string path = spec_path_for(handler);
      const auto is_there = [&](const WantedFile& file) { return file.path == path; };
      if (std::any_of(wanted_.files.begin(), wanted_.files.end(), is_there)) continue;
      auto spec = base_spec_for(tree_, handler, entry_);
      if (!spec) return pass_on(spec.error());
      wanted_.files.push_back({path, FileKind::kBaseSpec, std::move(*spec)});
    }
    return {};
  }

  std::string find_drop_in(const ContainerdView& view) const {
    if (view.generation == Generation::kOne || !options_.containerd_config.empty()) return {};
    return drop_in_beside(view.files.front().path, view.files.front().config);
  }

  // Nothing for handlers that call the hook already, by lines that somebody wrote into the template.
  Result<void> add_drop_in(const std::string& path, const ContainerdView& view, const ChosenHandlers& chosen) {
    std::vector<RuntimeHandler> without;
    std::copy_if(chosen.handlers.begin(), chosen.handlers.end(), std::back_inserter(without),
                 [](const RuntimeHandler& each) { return !calls_our_hook(each); });
    if (without.empty()) return {};
    wanted_.found.push_back(view.files.front().path + " is written anew at each start, and imports what is beside it");
    const int version = view.files.front().config.version;
    wanted_.files.push_back({path, FileKind::kContainerdConfig, drop_in_text(version, without)});
    return {};
  }

  std::string why_not_edited(const ContainerdView& view) const {
    const ConfigFile& main = view.files.front();
    const std::string generator = generator_of(main.path, view.generation);
    if (!generator.empty() && options_.containerd_config.empty()) {
      return main.path + ", which containerd reads, is written anew by " + generator + ": an edit would be lost";
    }
    return why_left_alone(view);
  }

  Result<void> edit_for(const std::vector<RuntimeHandler>& handlers, const std::string& path,
                        const ContainerdView& view) {
    const ConfigFile& main = view.files.front();
    std::vector<HandlerEdit> edits;
    for (const RuntimeHandler& each : handlers) {
      if (is_to_be_edited(each, main.config)) edits.push_back(edit_of(each));
    }
    auto edited = edit_containerd_config(main.text, edits);
    if (!edited) return leave_main(path + " " + edited.error().message(), path, view, handlers);
    if (!edits.empty() && condition_ != FileCondition::kOurs) {
      if (auto usable = check_place(path); !usable) return usable;
    }
    note_overridden(*edited, handlers, view.generation);
    if (!edits.empty()) wanted_.files.push_back({path, FileKind::kContainerdConfig, std::move(*edited)});
    return {};
  }

  // What an import says counts: our edit would be read, and be without effect.
  void note_overridden(const std::string& edited, const std::vector<RuntimeHandler>& handlers, Generation generation) {
    const auto after = read_containerd_view(tree_, wanted_.config_path, edited, generation);
    if (!after || generation == Generation::kOne) return;
    std::vector<RuntimeHandler> left;
    for (const RuntimeHandler& each : after->handlers()) {
      const auto is_it = [&](const RuntimeHandler& handler) { return handler.name == each.name; };
      const auto chosen = std::find_if(handlers.begin(), handlers.end(), is_it);
      if (chosen != handlers.end() && !calls_our_hook(each)) left.push_back(*chosen);
    }
    if (left.empty()) return;
    const ConfigFile* deciding = after->deciding();
    const bool is_other = deciding != nullptr && deciding != &after->files.front();
    const std::string what = is_other ? deciding->path : "what " + wanted_.config_path + " imports";
    static_cast<void>(leave(what + " is read after it, and counts", "there", left));
  }

  // The main file, or the template that it is made from. What we wrote into it before stays.
  Result<void> leave_main(const std::string& why, const std::string& path, const ContainerdView& view,
                          const std::vector<RuntimeHandler>& handlers) {
    if (condition_ == FileCondition::kOurs) wanted_.kept.push_back(path);
    std::vector<RuntimeHandler> without;
    std::copy_if(handlers.begin(), handlers.end(), std::back_inserter(without),
                 [](const RuntimeHandler& each) { return !calls_our_hook(each); });
    if (without.empty()) return {};
    const bool is_generated = !generator_of(view.files.front().path, view.generation).empty();
    const bool is_older = !find_newer(view).empty();
    const char* const where = is_generated ? "into what it is written from"
                              : is_older   ? "into a file of that version"
                                           : "there";
    return leave(why, where, without);
  }

  // The lines name base specs that are written in any case.
  Result<void> leave(const std::string& why, const std::string& where, const std::vector<RuntimeHandler>& handlers) {
    std::vector<HandlerEdit> edits;
    for (const RuntimeHandler& each : handlers) edits.push_back(edit_of(each));
    wanted_.is_degraded = true;
    wanted_.notes.push_back(
        why + ". It is not changed, and containerd does not call the hook. Write " + where +
        " by hand, in place of how it is written now, and restart containerd:" + lines_by_hand(edits));
    return {};
  }

  // The directory's name alone would not explain why that file is to be written: a link leads there, or a daemon reads
  // it.
  Result<void> check_place(const std::string& path) const {
    const std::string& named = wanted_.config_path;
    if (!tree_.is_directory(parent_of(path))) return {};
    const auto usable = tree_.check_usable(parent_of(path), RootTree::Use::kFiles);
    if (usable || (path == named && named == kContainerdConfigPath)) return {};
    return pass_on(usable.error(), path == named ? "containerd reads " + named +
                                                       ", which cannot be changed: let it read a copy in " +
                                                       kContainerdDirectory + " (its option --config)"
                                                 : named + " is a link to " + path + ", which cannot be changed");
  }

  const RootTree& tree_;
  const HookInstallOptions& options_;
  const HookEntry& entry_;
  const Manifest& manifest_;
  std::string program_;  // of the daemon that runs
  FileCondition condition_ = FileCondition::kWithout;
  ContainerdWanted wanted_;
};

}  // namespace

Result<ContainerdWanted> find_containerd_wanted(const RootTree& tree, const HookInstallOptions& options,
                                                const HookEntry& entry, const Manifest& manifest) {
  return ContainerdFinder(tree, options, entry, manifest).find();
}

}  // namespace netclsd::cli
