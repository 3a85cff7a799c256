#include "cli/hook_install/containerd_wanted.h"

#include <algorithm>
#include <array>

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/containerd_state.h"
#include "cli/hook_install/containerd_view.h"
#include "cli/hook_install/hook_entry.h"
#include "cli/hook_install/host.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

// If possible, what the host's containerd itself begins a container with.
OrderedJson default_spec(const RootTree& tree) {
  OrderedJson built_in = *parse_spec(built_in_spec(), "the built-in spec");
  const auto ctr = find_program(tree, "ctr");
  if (!ctr) return without_security_defaults(built_in);
  const auto output = run_in_root(tree.root(), {*ctr, "oci", "spec"});
  if (!output || output->exit_status != 0) return without_security_defaults(built_in);
  return without_security_defaults(parse_spec(output->text, "ctr oci spec").value_or(built_in));
}

Result<OrderedJson> spec_of(const RootTree& tree, const RuntimeHandler& handler) {
  if (handler.base_runtime_spec.empty()) return default_spec(tree);
  const auto file = tree.read(handler.base_runtime_spec, kConfigurationMax_bytes);
  if (!file) return pass_on(file.error());
  if (!*file) {
    return failure(ErrorCode::kNotFound, "base_runtime_spec of handler " + handler.name + ", " +
                                             handler.base_runtime_spec +
                                             ", is not there; containerd's CRI plugin "
                                             "does not start so");
  }
  return parse_spec((*file)->content, handler.base_runtime_spec);
}

// An edit of the main file has no effect if an imported file has the CRI plugin's table. That file is not edited: its
// owner may write it anew at any time.
Result<void> check_imports(const ContainerdView& view, const std::vector<std::string>& names,
                           std::vector<std::string>& notes) {
  const ConfigFile* deciding = view.deciding();
  if (deciding == nullptr || deciding == &view.files.front()) return {};
  const std::string what = deciding->path + " is imported and has the CRI plugin's table, which replaces all that " +
                           view.files.front().path + " says about it";
  if (find_handler_without_us(view.handlers(), names).empty()) {
    notes.push_back(what + "; it calls the hook, too");
    return {};
  }
  const auto chosen = choose_handlers(view.handlers(), names);
  if (!chosen) return pass_on(chosen.error(), deciding->path);
  std::vector<HandlerEdit> edits;
  for (const RuntimeHandler& handler : chosen->handlers) {
    edits.push_back({.handler = handler.name, .base_runtime_spec = spec_path_for(handler), .table = handler.table});
  }
  return failure(ErrorCode::kConflict,
                 what + "; nothing was changed. Write there by hand, with a base spec as docs/install.md says:" +
                     lines_by_hand(edits));
}

Result<void> check_config(const std::string& path, const ContainerdConfig& config) {
  if (config.version >= 3) {
    return failure(ErrorCode::kConflict, path + " is of version " + std::to_string(config.version) +
                                             ", which only containerd 2 reads and which is not edited here; set "
                                             "base_runtime_spec and pod_annotations by hand (docs/install.md)");
  }
  if (config.version != 2 && !config.is_empty) {
    return failure(ErrorCode::kConflict, path + " is of version " + std::to_string(config.version) +
                                             " and only version 2 can be edited; migrate it (containerd config "
                                             "migrate), or set base_runtime_spec and pod_annotations by hand "
                                             "(docs/install.md)");
  }
  if (config.has_handlers_table && config.handlers.empty()) {
    return failure(
        ErrorCode::kConflict,
        path + " has no runtime handler in its table \"runtimes\": containerd's CRI plugin does not start so");
  }
  return {};
}

// This may be intended, but without a note it would go unnoticed.
void note_other_default(const ContainerdConfig& config, const ChosenHandlers& chosen, std::vector<std::string>& notes) {
  const auto is_default = [&](const RuntimeHandler& handler) { return handler.name == config.default_handler; };
  if (std::any_of(chosen.handlers.begin(), chosen.handlers.end(), is_default)) return;
  notes.push_back("containerd's default runtime handler is " + printable(config.default_handler) +
                  ", which is not one of those: pods without a RuntimeClass do not call the hook");
}

// Directories whose owners write containerd's configuration anew at each start, from a template.
struct Generated {
  const char* directory;
  const char* source;
};
constexpr std::array<Generated, 5> kGenerated = {{
    {"/var/lib/rancher/k3s/", "k3s, from config.toml.tmpl beside it"},
    {"/var/lib/rancher/rke2/", "RKE2, from config.toml.tmpl beside it"},
    {"/var/snap/microk8s/", "MicroK8s, from containerd-template.toml beside it"},
    {"/run/", "whoever starts containerd (/run is empty at each boot)"},
    {"/var/run/", "whoever starts containerd (/run is empty at each boot)"},
}};

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

  Result<void> check_owner() const {
    if (!options_.containerd_config.empty()) return {};
    for (const Generated& generated : kGenerated) {
      if (!wanted_.config_path.starts_with(generated.directory)) continue;
      return failure(ErrorCode::kConflict, wanted_.config_path + ", which containerd reads, is written anew by " +
                                               generated.source +
                                               ": an edit would be lost. Nothing was changed; see docs/install.md, or "
                                               "name a file by --containerd-config");
    }
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
    auto view = read_containerd_view(tree_, wanted_.config_path, without_us ? without_us->content : "");
    if (!view) return pass_on(view.error());
    if (!without_us) view->files.clear();
    if (const ConfigFile* disabling = view->disabling()) return skip_disabled(disabling->path);
    if (auto fine = check_owner(); !fine) return pass_on(fine.error());
    const auto is_new = is_two_or_newer(*view);
    if (!is_new) return pass_on(is_new.error());
    if (*is_new) return add_for_two(*now ? (*now)->content : "");
    if (condition_ == FileCondition::kChanged) return keep(*path, *view);
    return add_files(*path, *view);
  }

  Result<bool> is_two_or_newer(const ContainerdView& view) {
    auto version = options_.containerd_version.empty() ? ask_containerd_version(tree_, program_)
                                                       : parse_containerd_version(options_.containerd_version);
    if (!version && view.version >= 3) version = "2.0";  // older ones refuse such a file
    if (!version) {
      return failure(ErrorCode::kNotFound, "containerd's version is not known: its program is not below " +
                                               options_.root + " or does not run; tell it with --containerd-version");
    }
    wanted_.found.push_back("containerd is version " + *version);
    return *major_of(*version) >= 2;
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

  // containerd 2 reads a file of version 2, too. What was written for 1.x still works and stays; nothing new is
  // written.
  Result<void> add_for_two(const std::string& now) {
    const auto config = parse_containerd_config(now);
    if (config && find_handler_without_us(config->handlers, options_.runtime_handlers).empty()) {
      keep_managed();
      wanted_.notes.push_back("containerd 2 reads what was written into " + wanted_.config_path +
                              " for containerd 1.x, and it stays as it is");
      return {};
    }
    wanted_.wants_hooks_d = true;
    wanted_.is_degraded = true;
    wanted_.notes.push_back(
        "containerd 2 does not call the hook by what is installed here: run NRI's plugin hook-injector, which reads "
        "/etc/containers/oci/hooks.d, and let annotations through by pod_annotations = [\"" +
        std::string(kPodAnnotations) + "\"] for the runtime handler in " + wanted_.config_path +
        ", which is not changed here (docs/install.md)");
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

  Result<void> add_files(const std::string& path, const ContainerdView& view) {
    const bool is_missing = view.files.empty();
    const ContainerdConfig config = is_missing ? ContainerdConfig{.is_empty = true} : view.files.front().config;
    const std::string text = is_missing ? "" : view.files.front().text;
    if (auto fine = check_config(path, config); !fine) return fine;
    if (auto fine = check_imports(view, options_.runtime_handlers, wanted_.notes); !fine) return fine;
    const auto chosen = choose_handlers(with_built_in(config), options_.runtime_handlers);
    if (!chosen) return pass_on(chosen.error(), path);
    wanted_.is_degraded = wanted_.is_degraded || !chosen->notes.empty();
    wanted_.notes.insert(wanted_.notes.end(), chosen->notes.begin(), chosen->notes.end());
    note_other_default(config, *chosen, wanted_.notes);
    if (auto edited = edit_for(chosen->handlers, path, text); !edited) return edited;
    return condition_ == FileCondition::kOurs ? Result<void>{} : check_place(path);
  }

  // The handlers' base specs, and the configuration that names them.
  Result<void> edit_for(const std::vector<RuntimeHandler>& handlers, const std::string& path, const std::string& text) {
    std::vector<HandlerEdit> edits;
    for (const RuntimeHandler& handler : handlers) {
      auto spec = spec_of(tree_, handler);
      if (!spec) return pass_on(spec.error());
      const std::string spec_path = spec_path_for(handler);
      const auto is_there = [&](const WantedFile& file) { return file.path == spec_path; };
      if (std::none_of(wanted_.files.begin(), wanted_.files.end(), is_there)) {
        wanted_.files.push_back({spec_path, FileKind::kBaseSpec, add_hook(std::move(*spec), entry_)});
      }
      edits.push_back({.handler = handler.name, .base_runtime_spec = spec_path, .table = handler.table});
    }
    auto edited = edit_containerd_config(text, edits);
    if (!edited) return pass_on(edited.error(), path);
    wanted_.files.push_back({path, FileKind::kContainerdConfig, std::move(*edited)});
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
