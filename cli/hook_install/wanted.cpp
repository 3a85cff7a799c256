#include "cli/hook_install/wanted.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/hook_install/containerd_state.h"
#include "cli/hook_install/containerd_view.h"
#include "cli/hook_install/containerd_wanted.h"
#include "cli/hook_install/hooks_d.h"
#include "cli/hook_install/host.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

struct Sign {
  Runtime runtime;
  const char* program;
  const char* path;  // of its configuration
};
constexpr std::array<Sign, 3> kSigns = {{{Runtime::kPodman, "podman", nullptr},
                                         {Runtime::kCriO, "crio", "/etc/crio"},
                                         {Runtime::kContainerd, "containerd", "/etc/containerd/config.toml"}}};

std::optional<std::string> find_sign(const RootTree& tree, const Sign& sign) {
  if (sign.runtime == Runtime::kContainerd) {
    const auto running = find_running_containerds(tree);
    if (!running.empty()) return "pid " + std::to_string(running.front().process.pid.value);
  }
  if (auto program = find_program(tree, sign.program)) return program;
  if (sign.path != nullptr && tree.exists(sign.path)) return sign.path;
  return std::nullopt;
}

constexpr const char* kHooksD = "/etc/containers/oci/hooks.d/netclsd.json";

// Without "..", which could lead to another place than the text says.
bool is_plain_path(const std::string& path) {
  return path.starts_with('/') && path.size() > 1 && (path + "/").find("/../") == std::string::npos;
}

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
      wanted_.runtimes.emplace_back(to_string(runtime));
      auto added = runtime == Runtime::kContainerd ? add_containerd() : add_hooks_d_reader(runtime);
      if (!added) return pass_on(added.error());
    }
    keep_hooks_d();
    if (wanted_.files.empty() && wanted_.kept.empty()) {
      return failure(ErrorCode::kNotFound, "there is nothing to hook into: " + wanted_.found.front());
    }
    if (auto looked = look_at_places(); !looked) return pass_on(looked.error());
    return std::move(wanted_);
  }

 private:
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

  // Our file in /etc is always wanted. If the runtime does not read that directory, one that it reads is needed, too.
  Result<void> add_hooks_d_reader(Runtime runtime) {
    if (auto added = add_hooks_d(); !added) return added;
    const std::string name(to_string(runtime));
    auto directories = hooks_directories(tree_, runtime, find_crio(tree_));
    if (!directories) {
      degrade("where " + name + " looks for hooks is not known: " + directories.error().message());
      directories = HooksDirectories{};
    }
    bool is_read = directories->has(kEtcHooksD);
    std::string reasons;
    for (const std::string& path : in_our_order(*directories)) {
      if (is_read && path != kUsrHooksD) break;
      const auto usable = check_place(path);
      if (!usable && !is_there_already(path)) {
        reasons += (reasons.empty() ? "" : "; ") + usable.error().message();
        continue;
      }
      if (auto added = want({path + "/" + kHooksDName, FileKind::kHooksD, hooks_d_text(entry_)}); !added) return added;
      is_read = true;
    }
    if (!is_read) degrade_unread(runtime, *directories, reasons);
    return {};
  }

  // It may have been written before its mount became read-only.
  bool is_there_already(const std::string& directory) const {
    const auto file = tree_.read(directory + "/" + kHooksDName, kConfigurationMax_bytes);
    return file && *file && (*file)->content == hooks_d_text(entry_);
  }

  // Of files with the same name in several directories a runtime uses one.
  static std::vector<std::string> in_our_order(const HooksDirectories& directories) {
    std::vector<std::string> paths;
    if (directories.has(kUsrHooksD)) paths.emplace_back(kUsrHooksD);
    for (const std::string& path : directories.paths) {
      if (path != kUsrHooksD && path != kEtcHooksD && is_plain_path(path)) paths.push_back(path);
    }
    return paths;
  }

  void degrade(std::string note) {
    wanted_.is_degraded = true;
    wanted_.notes.push_back(std::move(note));
  }

  void degrade_unread(Runtime runtime, const HooksDirectories& directories, const std::string& reasons) {
    std::string list;
    for (const std::string& path : directories.paths) list += "\"" + path + "\", ";
    const std::string where = runtime == Runtime::kPodman ? "[engine] in /etc/containers/containers.conf"
                                                          : "[crio.runtime] in /etc/crio/crio.conf.d/10-netclsd.conf";
    const std::string name(to_string(runtime));
    degrade(name + " reads " + (directories.paths.empty() ? "no directory of hooks" : list.substr(0, list.size() - 2)) +
            " alone" + (directories.set_by.empty() ? "" : " (hooks_dir of " + directories.set_by + ")") +
            ", where nothing can be written" + (reasons.empty() ? "" : " (" + reasons + ")") + ": add hooks_dir = [" +
            list + "\"" + kEtcHooksD + "\"] to " + (directories.set_by.empty() ? where : directories.set_by));
  }

  Result<void> add_containerd() {
    auto containerd = find_containerd_wanted(tree_, options_, entry_, manifest_);
    if (!containerd) return pass_on(containerd.error());
    wanted_.containerd_config = containerd->config_path;
    if (containerd->config_path.empty()) wanted_.runtimes.pop_back();  // left alone
    wanted_.is_degraded = wanted_.is_degraded || containerd->is_degraded;
    wanted_.kept = std::move(containerd->kept);
    wanted_.found.insert(wanted_.found.end(), containerd->found.begin(), containerd->found.end());
    wanted_.notes.insert(wanted_.notes.end(), containerd->notes.begin(), containerd->notes.end());
    for (WantedFile& file : containerd->files) {
      if (auto added = want(std::move(file)); !added) return added;
    }
    if (containerd->generation == Generation::kTwo) keep_hooks_d_ = true;
    return {};
  }

  // An earlier version wrote this file for NRI's hook-injector under containerd 2. It may be what calls the hook until
  // containerd is restarted. If both do, nothing is registered twice.
  void keep_hooks_d() {
    const auto is_it = [](const WantedFile& file) { return file.path == kHooksD; };
    const bool is_wanted = std::any_of(wanted_.files.begin(), wanted_.files.end(), is_it);
    if (keep_hooks_d_ && !is_wanted && find_file(manifest_, kHooksD) != nullptr) add_once(wanted_.kept, kHooksD);
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
      for (const std::string& each : missing) add_once(wanted_.missing_directories, each);
    }
    return {};
  }

  const RootTree& tree_;
  const HookInstallOptions& options_;
  const HookEntry& entry_;
  const Manifest& manifest_;
  Wanted wanted_;
  bool keep_hooks_d_ = false;
};

}  // namespace

std::vector<FoundRuntime> find_runtimes(const RootTree& tree) {
  std::vector<FoundRuntime> found;
  for (const Sign& sign : kSigns) {
    if (auto where = find_sign(tree, sign)) found.push_back({sign.runtime, std::move(*where)});
  }
  return found;
}

Result<Wanted> find_wanted(const RootTree& tree, const HookInstallOptions& options, const HookEntry& entry,
                           const Manifest& manifest) {
  return Finder(tree, options, entry, manifest).find();
}

}  // namespace netclsd::cli
