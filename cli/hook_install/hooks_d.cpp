#include "cli/hook_install/hooks_d.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/hook_install/containerd_view.h"
#include "cli/hook_install/host.h"
#include "cli/hook_install/toml.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

constexpr std::int64_t kClocksDiffer_s = 2;  // uptime, start and birth are rounded, and the clock may have been set

std::optional<CrioProcess> look_at_crio(const RootTree& tree, const ProcessStat& stat) {
  const std::string proc = proc_of(stat.pid);
  if (!tree.may_be_same("/etc", tree.root() + proc + "/root/etc")) return std::nullopt;
  CrioProcess process{.key = {.pid = stat.pid, .start_time = stat.start_time}};
  const std::string command_line = read_proc(tree, proc + "/cmdline");
  take_command_line(process, split(command_line, '\0'));
  return process;
}

// In lines "inotify wd:1 ino:4d2 sdev:…" the kernel says what a process watches.
bool has_watch(std::string_view fdinfo, std::uint64_t inode) {
  for (const std::string_view line : split(fdinfo, '\n')) {
    if (!line.starts_with("inotify ")) continue;
    for (const std::string_view word : split(line, ' ')) {
      if (word.starts_with("ino:") && parse_unsigned(word.substr(4), 16) == inode) return true;
    }
  }
  return false;
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// A file replaces what earlier ones set, unless podman's {append=true} is among its items.
Result<void> take(HooksDirectories& directories, const toml::node& value, const std::string& file) {
  const toml::array* items = value.as_array();
  if (items == nullptr) return invalid(file + ": hooks_dir is not a list");
  std::vector<std::string> paths;
  bool is_appending = false;
  for (const toml::node& item : *items) {
    if (const auto* text = item.as_string()) {
      paths.push_back(without_slash(text->get()));
    } else if (const toml::table* attributes = item.as_table()) {
      is_appending = (*attributes)["append"].value_or(false);
    } else {
      return invalid(file + ": hooks_dir has an item that is not a path");
    }
  }
  if (!is_appending) directories.paths.clear();
  directories.paths.insert(directories.paths.end(), paths.begin(), paths.end());
  directories.set_by = file;
  return {};
}

Result<void> take_file(HooksDirectories& directories, const RootTree& tree, const std::string& path,
                       const TablePath& table_path) {
  const auto file = tree.read(path, kConfigurationMax_bytes);
  if (!file) return pass_on(file.error());
  if (!*file) return {};
  const auto root = parse_toml((*file)->content);
  if (!root) return pass_on(root.error(), path);
  const toml::table* table = find_table(*root, table_path);
  const toml::node* value = table == nullptr ? nullptr : table->get("hooks_dir");
  return value == nullptr ? Result<void>{} : take(directories, *value, path);
}

// podman and CRI-O read their drop-ins in the order of the names.
std::vector<std::string> drop_ins(const RootTree& tree, const std::string& directory, std::string_view ending) {
  std::vector<std::string> names = tree.list(directory);
  std::sort(names.begin(), names.end());
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    if (!name.starts_with('.') && name.ends_with(ending) && !tree.is_directory(path)) paths.push_back(path);
  }
  return paths;
}

std::string list_of(const std::vector<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths) text += (text.empty() ? "" : ", ") + path;
  return text;
}

RuntimeState fine(Runtime runtime) {
  return {
      .runtime = std::string(to_string(runtime)), .state = RuntimeState::State::kOk, .message = {}, .not_read_by = {}};
}

class StateFinder {
 public:
  StateFinder(const RootTree& tree, const Manifest& manifest)
      : tree_(tree), manifest_(manifest), crio_(find_crio(tree)) {}

  RuntimeState find(Runtime runtime) const {
    const std::string name(to_string(runtime));
    const auto directories = hooks_directories(tree_, runtime, crio_);
    if (!directories) {
      return {.runtime = name,
              .state = RuntimeState::State::kFailed,
              .message = "where " + name + " looks for hooks is not known: " + directories.error().message(),
              .not_read_by = {}};
    }
    const std::vector<std::string> holders = those_with_our_file(*directories);
    if (holders.empty()) {
      const std::string by = directories->set_by.empty() ? "" : " (hooks_dir of " + directories->set_by + ")";
      return {.runtime = name,
              .state = RuntimeState::State::kMissing,
              .message = name + " looks for hooks in " + list_of(directories->paths) + by + " alone, and " +
                         kHooksDName + " is not there",
              .not_read_by = {}};
    }
    return runtime == Runtime::kCriO ? watched_state(holders) : fine(runtime);
  }

 private:
  std::vector<std::string> those_with_our_file(const HooksDirectories& directories) const {
    std::vector<std::string> holders;
    for (const ManagedFile& file : manifest_.files) {
      const std::string directory = parent_of(file.path);
      if (file.kind == FileKind::kHooksD && directories.has(directory) && tree_.exists(file.path)) {
        holders.push_back(directory);
      }
    }
    return holders;
  }

  RuntimeState watched_state(const std::vector<std::string>& holders) const {
    for (const CrioProcess& process : crio_) {
      const auto watches = [&](const std::string& path) { return is_watching(tree_, process, path); };
      if (std::any_of(holders.begin(), holders.end(), watches)) continue;
      return {.runtime = "cri-o",
              .state = RuntimeState::State::kRestartNeeded,
              .message = "cri-o does not watch " + list_of(holders) +
                         ", which was made after it had started: restart it (systemctl restart crio, or --restart; "
                         "containers go on)",
              .not_read_by = process.key};
    }
    return fine(Runtime::kCriO);
  }

  const RootTree& tree_;
  const Manifest& manifest_;
  std::vector<CrioProcess> crio_;
};

}  // namespace

void take_command_line(CrioProcess& process, const std::vector<std::string_view>& words) {
  const auto take = [&](std::string_view name, std::string_view value) {
    if (name == "--config" || name == "-c") process.config = value;
    if (name == "--config-dir" || name == "-d") process.config_directory = value;
    if (name != "--hooks-dir") return;
    for (const std::string_view path : split(value, ',')) process.hooks_directories.emplace_back(path);
  };
  for (std::size_t at = 1; at < words.size(); ++at) {
    const std::size_t equals = words[at].find('=');
    if (equals != std::string_view::npos) take(words[at].substr(0, equals), words[at].substr(equals + 1));
    if (equals == std::string_view::npos && at + 1 < words.size()) take(words[at], words[at + 1]);
  }
}

std::vector<CrioProcess> find_crio(const RootTree& tree) {
  std::vector<CrioProcess> found;
  for (const ProcessStat& stat : find_processes(tree, "crio")) {
    if (auto process = look_at_crio(tree, stat)) found.push_back(std::move(*process));
  }
  return found;
}

bool is_watching(const RootTree& tree, const CrioProcess& process, const std::string& directory) {
  const auto facts = tree.directory_facts(directory);
  if (!facts) return false;
  const auto started = wall_time_of(tree, process.key.start_time);
  // Age is enough. On some file systems (btrfs, overlay) inotify's inode numbers differ from stat's.
  if (facts->born_s && started && *facts->born_s <= *started + kClocksDiffer_s) return true;
  const std::string fdinfo = proc_of(process.key.pid) + "/fdinfo";
  const std::vector<std::string> descriptors = tree.list(fdinfo);
  for (const std::string& descriptor : descriptors) {
    if (has_watch(read_proc(tree, fdinfo + "/" + descriptor), facts->inode)) return true;
  }
  const bool is_known = facts->born_s || !descriptors.empty();
  return !is_known;
}

bool HooksDirectories::has(const std::string& path) const {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

Result<HooksDirectories> podman_directories(const RootTree& tree) {
  std::vector<std::string> files{"/usr/share/containers/containers.conf", "/etc/containers/containers.conf"};
  for (std::string& path : drop_ins(tree, "/etc/containers/containers.conf.d", ".conf")) {
    files.push_back(std::move(path));
  }
  HooksDirectories directories;
  for (const std::string& file : files) {
    if (auto taken = take_file(directories, tree, file, {"engine"}); !taken) return pass_on(taken.error());
  }
  // With an empty list root's podman reads both.
  if (directories.paths.empty()) directories.paths = {kUsrHooksD, kEtcHooksD};
  return directories;
}

Result<HooksDirectories> crio_directories(const RootTree& tree, const CrioProcess* process) {
  const CrioProcess crio = process == nullptr ? CrioProcess{} : *process;
  if (!crio.hooks_directories.empty())
    return HooksDirectories{.paths = crio.hooks_directories, .set_by = "--hooks-dir"};
  std::vector<std::string> files{crio.config};
  for (std::string& path : drop_ins(tree, crio.config_directory, "")) files.push_back(std::move(path));
  HooksDirectories directories;
  for (const std::string& file : files) {
    if (auto taken = take_file(directories, tree, file, {"crio", "runtime"}); !taken) return pass_on(taken.error());
  }
  return directories;
}

Result<HooksDirectories> hooks_directories(const RootTree& tree, Runtime runtime,
                                           const std::vector<CrioProcess>& crio) {
  if (runtime == Runtime::kPodman) return podman_directories(tree);
  return crio_directories(tree, crio.empty() ? nullptr : &crio.front());
}

std::vector<RuntimeState> find_hooks_d_states(const RootTree& tree, const Manifest& manifest) {
  const StateFinder finder(tree, manifest);
  std::vector<RuntimeState> states;
  for (const Runtime runtime : {Runtime::kPodman, Runtime::kCriO}) {
    const auto& hooked = manifest.runtimes;
    if (std::find(hooked.begin(), hooked.end(), to_string(runtime)) != hooked.end()) {
      states.push_back(finder.find(runtime));
    }
  }
  return states;
}

}  // namespace netclsd::cli
