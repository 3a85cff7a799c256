#include "cli/hook_install/wanted.h"

#include <algorithm>

#include "cli/hook_install/containerd_files.h"
#include "cli/hook_install/found.h"

namespace netclsd::cli {
namespace {

// Read by NRI's hook-injector, and by whoever's hooks_dir names it.
constexpr const char* kHooksD = "/etc/containers/oci/hooks.d/netclsd.json";
// The only directory that podman and CRI-O read unless configured. Who reads both takes one file of the same name.
constexpr const char* kSharedHooksD = "/usr/share/containers/oci/hooks.d/netclsd.json";

class Finder {
 public:
  Finder(const RootTree& tree, const HookInstallOptions& options, const HookEntry& entry, const Manifest& manifest)
      : tree_(tree), options_(options), entry_(entry), manifest_(manifest) {}

  Result<Wanted> find() {
    auto now = read_files(tree_, manifest_);
    if (!now) return pass_on(now.error());
    wanted_.now = std::move(*now);
    const auto runtimes = runtimes_to_hook();
    if (!runtimes) return pass_on(runtimes.error());
    for (const Runtime runtime : *runtimes) {
      auto added = runtime == Runtime::kContainerd ? add_containerd() : add_hooks_d_reader(runtime);
      if (!added) return pass_on(added.error());
    }
    if (wanted_.files.empty() && wanted_.kept.empty()) {
      return failure(ErrorCode::kNotFound, "there is nothing to hook into: " + wanted_.found.front());
    }
    if (auto looked = look_at_places(); !looked) return pass_on(looked.error());
    return std::move(wanted_);
  }

 private:
  bool is_explicit(Runtime runtime) const {
    return std::find(options_.runtimes.begin(), options_.runtimes.end(), runtime) != options_.runtimes.end();
  }

  Result<std::vector<Runtime>> runtimes_to_hook() {
    std::vector<Runtime> runtimes = options_.runtimes;
    for (const FoundRuntime& found : find_runtimes(tree_)) {
      wanted_.found.push_back("found " + std::string(to_string(found.runtime)) + " (" + found.where + ")");
      if (options_.runtimes.empty()) runtimes.push_back(found.runtime);
    }
    if (!runtimes.empty()) return runtimes;
    return failure(ErrorCode::kNotFound, "neither podman, CRI-O nor containerd was found below " + options_.root +
                                             "; name it with --runtime");
  }

  Result<void> read_now(const std::string& path) {
    if (wanted_.now.contains(path)) return {};
    auto content = tree_.read(path, kConfigurationMax_bytes);
    if (!content) return pass_on(content.error());
    wanted_.now[path] = std::move(*content);
    return {};
  }

  Result<void> want(WantedFile file) {
    const auto is_same = [&](const WantedFile& other) { return other.path == file.path; };
    if (std::any_of(wanted_.files.begin(), wanted_.files.end(), is_same)) return {};
    if (auto read = read_now(file.path); !read) return read;
    const ManagedFile* managed = find_file(manifest_, file.path);
    const std::optional<Snapshot>& now = wanted_.now[file.path];
    const bool is_changed = managed != nullptr && judge(*managed, now) == FileCondition::kChanged;
    if (is_changed && now->content != file.content) {
      return failure(ErrorCode::kConflict, file.path +
                                               " was changed since netclsctl wrote it, and is left alone; move "
                                               "it away or restore it, then run this again");
    }
    wanted_.files.push_back(std::move(file));
    return {};
  }

  Result<void> add_hooks_d() { return want({kHooksD, FileKind::kHooksD, hooks_d_text(entry_)}); }

  Result<void> add_hooks_d_reader(Runtime runtime) {
    if (auto added = add_hooks_d(); !added) return added;
    const auto usable = check_place(parent_of(kSharedHooksD));
    if (usable) return want({kSharedHooksD, FileKind::kHooksD, hooks_d_text(entry_)});
    wanted_.is_degraded = true;
    const std::string where = runtime == Runtime::kPodman ? "[engine] in /etc/containers/containers.conf"
                                                          : "[crio.runtime] in /etc/crio/crio.conf.d/10-netclsd.conf";
    wanted_.notes.push_back(std::string(to_string(runtime)) +
                            " reads /usr/share/containers/oci/hooks.d alone unless "
                            "told otherwise, and that cannot be written (" +
                            usable.error().message() +
                            "): add hooks_dir = [\"/usr/share/containers/oci/hooks.d\", "
                            "\"/etc/containers/oci/hooks.d\"] to " +
                            where);
    return {};
  }

  // The file without us: as it is, or as it was before us.
  Result<void> add_containerd() {
    const auto path = tree_.real_path(kContainerdConfig);
    if (!path) return pass_on(path.error());
    if (auto read = read_now(*path); !read) return read;
    const std::optional<Snapshot>& now = wanted_.now[*path];
    const ManagedFile* managed = find_file(manifest_, *path);
    const FileCondition condition = managed == nullptr ? FileCondition::kWithout : judge(*managed, now);
    const std::optional<Snapshot>& without_us = condition == FileCondition::kOurs ? managed->previous : now;
    const auto config = parse_containerd_config(without_us ? without_us->content : "");
    if (!config) return pass_on(config.error(), *path);
    const auto is_new = is_two_or_newer(*config);
    if (!is_new) return pass_on(is_new.error());
    if (*is_new) return add_nri();
    if (config->is_cri_disabled) return skip_disabled(*path);
    if (condition == FileCondition::kChanged) return keep(*path, *config);
    return add_containerd_files(*path, without_us ? without_us->content : "");
  }

  Result<bool> is_two_or_newer(const ContainerdConfig& config) {
    auto version = options_.containerd_version.empty() ? ask_containerd_version(tree_)
                                                       : parse_containerd_version(options_.containerd_version);
    if (!version && config.version >= 3) version = "2.0";  // older ones refuse such a file
    if (!version) {
      return failure(ErrorCode::kNotFound, "containerd's version is not known: its program is not below " +
                                               options_.root + " or does not run; tell it with --containerd-version");
    }
    wanted_.found.push_back("containerd is version " + *version);
    return *major_of(*version) >= 2;
  }

  Result<void> add_nri() {
    wanted_.notes.push_back("containerd 2 calls hooks through NRI: run NRI's plugin hook-injector, which reads " +
                            std::string(kHooksD) + ", and let annotations through by pod_annotations = [\"" +
                            std::string(kPodAnnotations) +
                            "\"] for the runtime handler in config.toml, which is not changed here (docs/install.md)");
    return add_hooks_d();
  }

  // As Docker's package does it.
  Result<void> skip_disabled(const std::string& path) {
    const std::string what = path + " disables containerd's CRI plugin: Kubernetes does not use this containerd";
    if (is_explicit(Runtime::kContainerd)) return failure(ErrorCode::kConflict, what);
    wanted_.notes.push_back(what + "; it is left alone");
    return {};
  }

  // Changed since, and not by us: as long as it still calls the hook nothing need be done.
  Result<void> keep(const std::string& path, const ContainerdConfig& config) {
    if (!has_our_settings(config, options_.runtime_handlers)) {
      return failure(ErrorCode::kConflict,
                     path +
                         " was changed since netclsctl wrote it, and only a part of what it wrote is still there; "
                         "take out by hand what names netclsd, then run this again");
    }
    wanted_.is_degraded = true;
    wanted_.notes.push_back(path +
                            " was changed since netclsctl wrote it, and still calls the hook: it is left as it "
                            "is, with its base spec. To uninstall, take out by hand what names netclsd");
    for (const ManagedFile& file : manifest_.files) {
      if (file.kind != FileKind::kHooksD) wanted_.kept.push_back(file.path);
    }
    return {};
  }

  Result<void> add_containerd_files(const std::string& path, const std::string& without_us) {
    auto files = containerd_files(
        tree_,
        {.config_path = path, .config_text = without_us, .handlers = options_.runtime_handlers, .entry = entry_});
    if (!files) return pass_on(files.error());
    for (WantedFile& file : *files) {
      if (auto added = want(std::move(file)); !added) return added;
    }
    return {};
  }

  // Whether files can be written in a directory, or in the nearest one above that is there.
  Result<void> check_place(std::string directory) const {
    while (!tree_.is_directory(directory) && directory != "/") directory = parent_of(directory);
    return tree_.check_usable(directory, RootTree::Use::kFiles);
  }

  Result<void> look_at_places() {
    for (const WantedFile& file : wanted_.files) {
      const std::optional<Snapshot>& now = wanted_.now[file.path];
      if (now && now->content == file.content) continue;
      if (auto usable = check_place(parent_of(file.path)); !usable) return usable;
      std::vector<std::string> missing;
      for (std::string each = parent_of(file.path); !tree_.is_directory(each); each = parent_of(each)) {
        missing.insert(missing.begin(), each);
      }
      for (const std::string& each : missing) {
        auto& all = wanted_.missing_directories;
        if (std::find(all.begin(), all.end(), each) == all.end()) all.push_back(each);
      }
    }
    return {};
  }

  const RootTree& tree_;
  const HookInstallOptions& options_;
  const HookEntry& entry_;
  const Manifest& manifest_;
  Wanted wanted_;
};

}  // namespace

Result<Wanted> find_wanted(const RootTree& tree, const HookInstallOptions& options, const HookEntry& entry,
                           const Manifest& manifest) {
  return Finder(tree, options, entry, manifest).find();
}

}  // namespace netclsd::cli
