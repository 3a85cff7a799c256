#include "cli/hook_install/containerd_state.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/containerd_view.h"
#include "cli/hook_install/host.h"
#include "common/base/text.h"
#include "common/model/process.h"

namespace netclsd::cli {
namespace {

constexpr std::string_view kDeleted = " (deleted)";

// Options of containerd that have a value. Go takes one dash for two.
constexpr std::array<std::string_view, 8> kWithValue = {"config",  "c", "log-level", "l",
                                                        "address", "a", "root",      "state"};

std::string program_of(const RootTree& tree, const std::string& process) {
  const auto link = tree.read_link(process + "/exe");
  if (!link || !*link) return {};
  std::string program = **link;
  if (program.ends_with(kDeleted)) program.resize(program.size() - kDeleted.size());
  return program.starts_with('/') && tree.exists(program) ? program : "";
}

std::optional<std::string> config_of(const RootTree& tree, const std::string& process) {
  auto named = named_config(read_proc(tree, process + "/cmdline"));
  if (!named) return std::nullopt;
  if (named->empty()) return kContainerdConfigPath;
  if (named->starts_with('/')) return named;
  const auto directory = tree.read_link(process + "/cwd");
  if (!directory || !*directory) return "/" + *named;
  return (**directory == "/" ? "" : **directory) + "/" + *named;
}

// Whether the process uses this tree's files. It may have another root, or another /etc mounted over this one.
bool sees_tree(const RootTree& tree, const std::string& process, const std::string& config_path) {
  const std::string its_root = tree.root() + process + "/root";
  for (const std::string& directory : {std::string("/"), std::string(kContainerdDirectory), parent_of(config_path)}) {
    if (tree.is_directory(directory) && !tree.may_be_same(directory, its_root + directory)) return false;
  }
  return true;
}

// Kubernetes uses no user's own containerd. The effective id counts, in the initial user namespace.
bool is_roots(const RootTree& tree, const std::string& process) {
  constexpr std::string_view kKey = "\nUid:\t";
  const std::string status = read_proc(tree, process + "/status");
  const std::size_t at = status.find(kKey);
  if (at == std::string::npos) return true;
  const auto ids = split(std::string_view(status).substr(at + kKey.size()), '\t', 3);
  return ids.size() < 2 || ids[1] == "0";
}

std::optional<RunningContainerd> look_at_containerd(const RootTree& tree, const ProcessStat& stat) {
  const std::string process = proc_of(stat.pid);
  if (!is_roots(tree, process)) return std::nullopt;
  auto config_path = config_of(tree, process);
  if (!config_path || !sees_tree(tree, process, *config_path)) return std::nullopt;
  return RunningContainerd{.process = {stat.pid, stat.start_time},
                           .config_path = std::move(*config_path),
                           .program = program_of(tree, process)};
}

bool is_same_file(const RootTree& tree, const std::string& one, const std::string& other) {
  if (one == other) return true;
  const auto real_one = tree.real_path(one);
  const auto real_other = tree.real_path(other);
  return real_one && real_other && *real_one == *real_other;
}

// The start of a process is known to a second.
constexpr std::int64_t kClockMargin_s = 2;

std::string disabled_text(const std::string& path) {
  return path + " disables containerd's CRI plugin: Kubernetes does not use this containerd";
}

// By our own reading, which knows the names of files.
std::string why_not(const ContainerdView& view, const std::string& config_path,
                    const std::vector<std::string>& handlers) {
  if (const ConfigFile* file = view.disabling()) return disabled_text(file->path);
  const std::string without = find_handler_without_us(view.handlers(), handlers);
  const ConfigFile* deciding = view.deciding();
  if (without.empty()) return {};
  if (deciding == nullptr) return config_path + " has no table of the CRI plugin, and built-in values call no hook";
  if (deciding == &view.files.front()) return deciding->path + ": " + without;
  if (view.generation == Generation::kTwo) {
    return config_path + ", with what " + deciding->path + " and others add that it imports: " + without;
  }
  return deciding->path + " is imported and has the CRI plugin's table, which replaces all that " + config_path +
         " says about it: " + without;
}

std::string who(const RunningContainerd& running) {
  return "containerd (pid " + std::to_string(running.process.pid.value) + ")";
}

RuntimeState state_of(RuntimeState::State state, std::string message = {},
                      std::optional<ProcessKey> not_read_by = std::nullopt) {
  return {.runtime = "containerd", .state = state, .message = std::move(message), .not_read_by = not_read_by};
}

class Examiner {
 public:
  Examiner(const RootTree& tree, const Manifest& manifest) : tree_(tree), manifest_(manifest) {}

  RuntimeState examine() const {
    const auto running = find_cri_containerds(tree_);
    if (running.empty()) return examine_next_start();
    RuntimeState worst = state_of(RuntimeState::State::kOk);
    for (const RunningContainerd& each : running) {
      RuntimeState state = examine_running(each);
      if (static_cast<int>(state.state) > static_cast<int>(worst.state)) worst = std::move(state);
    }
    return worst;
  }

 private:
  RuntimeState examine_next_start() const {
    const auto why = why_hook_is_not_called(tree_, {}, containerd_config_of(manifest_), manifest_.runtime_handlers);
    if (!why) return state_of(RuntimeState::State::kFailed, why.error().message());
    return why->empty() ? state_of(RuntimeState::State::kOk) : state_of(RuntimeState::State::kMissing, *why);
  }

  RuntimeState examine_running(const RunningContainerd& running) const {
    const auto why = why_hook_is_not_called(tree_, running.program, running.config_path, manifest_.runtime_handlers);
    if (!why) return state_of(RuntimeState::State::kFailed, who(running) + ": " + why.error().message());
    if (!why->empty())
      return state_of(RuntimeState::State::kMissing, who(running) + " does not call the hook: " + *why);
    const std::string newer = find_unread(running);
    if (newer.empty()) return state_of(RuntimeState::State::kOk);
    return state_of(RuntimeState::State::kRestartNeeded,
                    "written but not read: " + who(running) + " was started before " + newer +
                        " changed; restart it (systemctl restart containerd)",
                    running.process);
  }

  // A file that changed since the process was started; empty: none.
  std::string find_unread(const RunningContainerd& running) const {
    const auto now = current_time(tree_);
    const bool is_this_boot = now && manifest_.changed && now->boot_id == manifest_.changed->boot_id;
    if (is_this_boot && running.process.start_time.ticks <= manifest_.changed->at_ticks) return running.config_path;
    const auto started = wall_time_of(tree_, running.process.start_time);
    if (!started) return {};
    for (const std::string& path : files_that_count(running)) {
      const auto changed = tree_.change_time_s(path);
      // A time in the future is a clock's mistake.
      if (changed && *changed > *started + kClockMargin_s && *changed <= seconds_since_epoch()) return path;
    }
    return {};
  }

  std::vector<std::string> files_that_count(const RunningContainerd& running) const {
    std::vector<std::string> files = files_read_by_containerd(tree_, running.program, running.config_path);
    for (const ManagedFile& file : manifest_.files) {
      if (file.kind == FileKind::kBaseSpec) files.push_back(file.path);
    }
    return files;
  }

  const RootTree& tree_;
  const Manifest& manifest_;
};

}  // namespace

std::optional<std::string> named_config(std::string_view command_line) {
  std::string config;
  const auto words = split(command_line, '\0');
  for (std::size_t at = 1; at < words.size() && !words[at].empty(); ++at) {
    std::string_view word = words[at];
    if (!word.starts_with('-')) return std::nullopt;  // a command
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const auto parts = split(word, '=', 2);
    const bool has_value = std::find(kWithValue.begin(), kWithValue.end(), parts.front()) != kWithValue.end();
    if (!has_value) continue;
    std::string_view value;
    if (parts.size() == 2) value = parts.back();
    if (parts.size() == 1 && at + 1 < words.size()) value = words[++at];
    if (parts.front() == "config" || parts.front() == "c") config = value;
  }
  return config;
}

std::vector<RunningContainerd> find_running_containerds(const RootTree& tree) {
  std::vector<RunningContainerd> found;
  for (const ProcessStat& stat : find_processes(tree, "containerd")) {
    if (auto running = look_at_containerd(tree, stat)) found.push_back(std::move(*running));
  }
  return found;
}

std::vector<RunningContainerd> find_cri_containerds(const RootTree& tree) {
  auto running = find_running_containerds(tree);
  const auto is_without_cri = [&](const RunningContainerd& each) {
    const auto view = read_containerd_view(tree, each.config_path);
    return view && view->disabling() != nullptr;
  };
  if (running.size() > 1) std::erase_if(running, is_without_cri);
  return running;
}

std::optional<ProcessKey> find_older_containerd(const RootTree& tree, const std::string& config_path,
                                                const ChangeTime& changed) {
  const auto now = current_time(tree);
  if (!now || now->boot_id != changed.boot_id) return std::nullopt;
  for (const RunningContainerd& each : find_running_containerds(tree)) {
    if (each.process.start_time.ticks > changed.at_ticks) continue;
    if (is_same_file(tree, each.config_path, config_path)) return each.process;
  }
  return std::nullopt;
}

std::string containerd_service(const RootTree& tree) {
  constexpr std::string_view kSlice = "/system.slice/";
  constexpr std::string_view kSuffix = ".service";
  const auto running = find_cri_containerds(tree);
  if (running.empty()) return "containerd";
  const std::string cgroups = read_proc(tree, proc_of(running.front().process.pid) + "/cgroup");
  for (const std::string_view line : split(cgroups, '\n')) {
    const std::size_t at = line.find(kSlice);
    if (at == std::string_view::npos) continue;
    const std::string_view unit = split(line.substr(at + kSlice.size()), '/').front();
    if (unit.ends_with(kSuffix)) return std::string(unit.substr(0, unit.size() - kSuffix.size()));
  }
  return "containerd";
}

RuntimeState containerd_state(const RootTree& tree, const Manifest& manifest) {
  return Examiner(tree, manifest).examine();
}

// If containerd can be asked, its answer counts. Our own reading finds the file to name.
Result<std::string> why_hook_is_not_called(const RootTree& tree, const std::string& program,
                                           const std::string& config_path, const std::vector<std::string>& handlers) {
  const auto dump = dump_containerd(tree, program, config_path);
  const auto generation = dump ? dump->generation : generation_of(ask_containerd_version(tree, program));
  const auto view = read_containerd_view(tree, config_path, std::nullopt, generation);
  if (!dump && !view) return pass_on(view.error());
  std::string by_view = view ? why_not(*view, config_path, handlers) : "";
  if (!dump) return by_view;
  const std::string by_dump = dump->has_cri ? find_handler_without_us(dump->handlers, handlers)
                                            : disabled_text(config_path + ", or what it imports,");
  if (by_dump.empty()) return std::string();
  if (!by_view.empty()) return by_view;
  return by_dump + " (containerd --config " + config_path + " config dump)";
}

std::vector<std::string> files_read_by_containerd(const RootTree& tree, const std::string& program,
                                                  const std::string& config_path) {
  std::vector<std::string> files{config_path};
  const auto add = [&](const std::string& path) {
    if (path.starts_with('/')) add_once(files, path);
  };
  if (const auto view = read_containerd_view(tree, config_path)) {
    for (const ConfigFile& file : view->files) add(file.path);
  } else if (const auto dump = dump_containerd(tree, program, config_path)) {
    for (const std::string& path : dump->files) add(path);
  }
  return files;
}

}  // namespace netclsd::cli
