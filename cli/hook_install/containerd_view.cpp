#include "cli/hook_install/containerd_view.h"

#include <fnmatch.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "cli/hook_install/host.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kFilesMax = 1000;  // far more than any host imports

std::string join(const std::string& directory, const std::string& name) {
  return (directory == "/" ? "" : directory) + "/" + name;
}

// Each part of the path can be a pattern. As in Go's filepath.Glob, "*" also matches a leading dot.
std::vector<std::string> expand_pattern(const RootTree& tree, const std::string& pattern) {
  std::vector<std::string> found{"/"};
  for (const std::string_view part : split(pattern, '/')) {
    if (part.empty() || part == ".") continue;
    const std::string name(part);
    std::vector<std::string> next;
    for (const std::string& directory : found) {
      if (name.find_first_of("*?[\\") == std::string::npos) {
        next.push_back(join(directory, name));
        continue;
      }
      std::vector<std::string> names = tree.list(directory);
      std::sort(names.begin(), names.end());
      for (const std::string& each : names) {
        if (next.size() < kFilesMax && ::fnmatch(name.c_str(), each.c_str(), 0) == 0)
          next.push_back(join(directory, each));
      }
    }
    found = std::move(next);
  }
  std::erase_if(found, [&](const std::string& path) { return !tree.exists(path); });
  return found;
}

class Reader {
 public:
  Reader(const RootTree& tree, std::optional<Generation> generation, const std::vector<std::string>& left_out)
      : tree_(tree), generation_(generation), left_out_(left_out) {}

  Result<ContainerdView> read(const std::string& main, const std::optional<std::string>& main_text) {
    pending_.push_back(main);
    while (!pending_.empty()) {
      const std::string path = pending_.front();
      pending_.pop_front();
      if (contains(seen_, path) || contains(left_out_, path)) continue;
      if (seen_.size() >= kFilesMax) return failure(ErrorCode::kTooLarge, main + " imports too many files");
      seen_.push_back(path);
      const bool is_main = seen_.size() == 1;
      auto text = is_main && main_text ? Result<std::optional<std::string>>(*main_text) : text_of(path);
      if (!text) return pass_on(text.error());
      if (!*text && is_main) return ContainerdView{.generation = generation_.value_or(Generation::kOne)};
      if (!*text) return failure(ErrorCode::kNotFound, path + " is imported and not there: containerd does not start");
      if (auto added = add(path, std::move(**text)); !added) return pass_on(added.error());
    }
    const bool is_two = view_.files.front().config.version >= kFirstOfTwo;
    view_.generation = generation_.value_or(is_two ? Generation::kTwo : Generation::kOne);
    return std::move(view_);
  }

 private:
  static constexpr int kFirstOfTwo = 3;

  Result<std::optional<std::string>> text_of(const std::string& path) const {
    auto file = tree_.read(path, kConfigurationMax_bytes);
    if (!file) return pass_on(file.error());
    if (!*file) return std::nullopt;
    return std::move((*file)->content);
  }

  Result<void> add(const std::string& path, std::string text) {
    auto config = parse_containerd_config(text);
    if (!config) return pass_on(config.error(), path);
    for (std::string& each : expand_imports(tree_, path, config->imports)) pending_.push_back(std::move(each));
    if (config->has_version) view_.version = config->version;
    view_.files.push_back({.path = path, .text = std::move(text), .config = std::move(*config)});
    return {};
  }

  const RootTree& tree_;
  std::optional<Generation> generation_;
  const std::vector<std::string>& left_out_;
  ContainerdView view_;
  std::deque<std::string> pending_;
  std::vector<std::string> seen_;
};

bool is_of_version_three(const RootTree& tree, const std::string& path) {
  const auto file = tree.read(path, kConfigurationMax_bytes);
  const auto config = file && *file ? parse_containerd_config((*file)->content) : Result<ContainerdConfig>{};
  return config && config->version >= 3;
}

bool is_digit(char character) { return character >= '0' && character <= '9'; }

}  // namespace

Result<ContainerdView> read_containerd_view(const RootTree& tree, const std::string& config_path,
                                            const std::optional<std::string>& main_text,
                                            std::optional<Generation> generation,
                                            const std::vector<std::string>& left_out) {
  return Reader(tree, generation, left_out).read(config_path, main_text);
}

std::vector<std::string> expand_imports(const RootTree& tree, const std::string& importing,
                                        const std::vector<std::string>& imports) {
  std::vector<std::string> paths;
  for (const std::string& import : imports) {
    const bool is_absolute = import.starts_with('/');
    const std::string path = is_absolute ? import : join(parent_of(importing), import);
    if (import.find('*') == std::string::npos) {  // no pattern: the file must be there
      add_once(paths, path);
      continue;
    }
    for (const std::string& each : expand_pattern(tree, path)) add_once(paths, each);
    if (is_absolute) continue;
    // Up to 1.6 a relative pattern is below containerd's working directory: the root.
    for (const std::string& each : expand_pattern(tree, "/" + import)) add_once(paths, each);
  }
  return paths;
}

const ConfigFile* ContainerdView::deciding() const {
  const auto found =
      std::find_if(files.rbegin(), files.rend(), [](const ConfigFile& file) { return file.config.has_cri_table; });
  return found == files.rend() ? nullptr : &*found;
}

const ConfigFile* ContainerdView::disabling() const {
  const auto found =
      std::find_if(files.begin(), files.end(), [](const ConfigFile& file) { return file.config.is_cri_disabled; });
  return found == files.end() ? nullptr : &*found;
}

std::vector<RuntimeHandler> ContainerdView::handlers() const {
  if (generation == Generation::kOne || files.empty()) {
    const ConfigFile* file = deciding();
    return with_built_in(file == nullptr ? ContainerdConfig{.is_empty = true} : file->config, generation);
  }
  std::vector<std::string_view> texts;
  for (const ConfigFile& file : files) texts.emplace_back(file.text);
  // Each file could be parsed, so the merged tables can be read.
  return with_built_in(merge_containerd_configs(texts).value_or(ContainerdConfig{}), generation);
}

std::optional<ContainerdDump> parse_containerd_dump(std::string_view text) {
  auto config = parse_containerd_config(text);
  if (!config || config->is_empty) return std::nullopt;
  return ContainerdDump{.files = std::move(config->imports),
                        .has_cri = config->has_cri_table && !config->is_cri_disabled,
                        .generation = config->version >= 3 ? Generation::kTwo : Generation::kOne,
                        .handlers = std::move(config->handlers)};
}

std::optional<ContainerdDump> dump_containerd(const RootTree& tree, const std::string& program,
                                              const std::string& config_path) {
  const auto found = program.empty() ? find_program(tree, "containerd") : std::optional<std::string>(program);
  if (!found) return std::nullopt;
  const auto ask = [&](const char* what) -> std::optional<ContainerdDump> {
    std::vector<std::string> command{*found};
    // If the file is not there, it is the usual one, which containerd can do without unless it is named.
    if (tree.exists(config_path)) command.insert(command.end(), {"--config", config_path});
    command.insert(command.end(), {"config", what});
    const auto output = run_in_root(tree.root(), command);
    if (!output || output->exit_status != 0) return std::nullopt;
    return parse_containerd_dump(output->text);
  };
  auto dump = ask("dump");
  if (!dump || dump->generation == Generation::kOne || is_of_version_three(tree, config_path)) return dump;
  // Early containerd 2.0 dumps a file of version 2 without what it moves to version 3's plugin at its start.
  auto migrated = ask("migrate");
  return migrated ? migrated : dump;
}

std::optional<std::string> parse_containerd_version(std::string_view text) {
  for (std::string_view word : split(text, ' ')) {
    if (word.starts_with('v')) word.remove_prefix(1);
    std::size_t end = 0;
    while (end < word.size() && (is_digit(word[end]) || word[end] == '.')) ++end;
    const std::string_view version = word.substr(0, end);
    if (major_of(version) && version.find('.') != std::string_view::npos) return std::string(version);
  }
  return std::nullopt;
}

std::optional<std::string> ask_containerd_version(const RootTree& tree, const std::string& program) {
  const auto found = program.empty() ? find_program(tree, "containerd") : std::optional<std::string>(program);
  if (!found) return std::nullopt;
  const auto output = run_in_root(tree.root(), {*found, "--version"});
  if (!output || output->exit_status != 0) return std::nullopt;
  return parse_containerd_version(output->text);
}

std::optional<int> major_of(std::string_view version) {
  const auto major = parse_unsigned(split(version, '.').front());
  if (!major || *major > 1000) return std::nullopt;
  return static_cast<int>(*major);
}

std::optional<Generation> generation_of(const std::optional<std::string>& version) {
  const auto major = version ? major_of(*version) : std::nullopt;
  if (!major) return std::nullopt;
  return *major >= 2 ? Generation::kTwo : Generation::kOne;
}

}  // namespace netclsd::cli
