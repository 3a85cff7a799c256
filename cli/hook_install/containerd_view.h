// What containerd reads. By our own reading: its configuration and what that imports, in containerd's own order. By its
// own word: `containerd config dump`, which prints what the next start would read. Changes nothing.
//
// containerd <= 1.7 merges the files so: the last one that has a plugin's table replaces what all others say about this
// plugin. containerd 2 merges tables key by key. In both, each file can disable plugins.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

inline constexpr std::size_t kConfigurationMax_bytes = 4U << 20;

struct ConfigFile {
  std::string path;  // as containerd opens it, links not followed
  std::string text;
  ContainerdConfig config;
};

struct ContainerdView {
  std::vector<ConfigFile> files = {};  // the first is the main one; none: there is no file, and built-in values count
  int version = 1;
  Generation generation = Generation::kOne;

  // The file whose table of the CRI plugin counts (<= 1.7), or the last one that has such a table (2); nullptr: none.
  [[nodiscard]] const ConfigFile* deciding() const;
  [[nodiscard]] const ConfigFile* disabling() const;
  [[nodiscard]] std::vector<RuntimeHandler> handlers() const;  // built-in ones included
};

// An error names the file. Errors are also what keeps containerd from starting, such as an import that is not there.
// `main_text` replaces the main file's text. Without a `generation`, a main file of version 3 or newer means 2. Imports
// that are `left_out` are read as if they were not there.
[[nodiscard]] Result<ContainerdView> read_containerd_view(const RootTree& tree, const std::string& config_path,
                                                          const std::optional<std::string>& main_text = std::nullopt,
                                                          std::optional<Generation> generation = std::nullopt,
                                                          const std::vector<std::string>& left_out = {});

// The files that imports name, as far as they can be found. They are not parsed.
[[nodiscard]] std::vector<std::string> expand_imports(const RootTree& tree, const std::string& importing,
                                                      const std::vector<std::string>& imports);

struct ContainerdDump {
  std::vector<std::string> files;  // all that it read
  bool has_cri = false;            // false: the CRI plugin is disabled
  Generation generation = Generation::kOne;
  std::vector<RuntimeHandler> handlers;
};

// std::nullopt: no program can be run, or it refuses the configuration. `program` empty: the one in the usual places.
[[nodiscard]] std::optional<ContainerdDump> dump_containerd(const RootTree& tree, const std::string& program,
                                                            const std::string& config_path);

// Of containerd 1.6 to 2. Pure.
[[nodiscard]] std::optional<ContainerdDump> parse_containerd_dump(std::string_view text);

// "containerd github.com/containerd/containerd 1.6.20~ds1 …" → "1.6.20". Pure.
[[nodiscard]] std::optional<std::string> parse_containerd_version(std::string_view text);
// `program` empty: the one in the usual places.
[[nodiscard]] std::optional<std::string> ask_containerd_version(const RootTree& tree, const std::string& program);
// "1.6.20" → 1. Pure.
[[nodiscard]] std::optional<int> major_of(std::string_view version);
[[nodiscard]] std::optional<Generation> generation_of(const std::optional<std::string>& version);

}  // namespace netclsd::cli
