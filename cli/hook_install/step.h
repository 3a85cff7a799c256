// What installing and uninstalling do to the host, one change each; how a step reads, its diff, and doing it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

// A unified diff of one hunk, from the first line that differs to the last one, with three lines around. Empty: equal.
[[nodiscard]] std::string unified_diff(std::string_view path, std::string_view before, std::string_view after);

struct MakeDirectory {
  std::string path;
  friend bool operator==(const MakeDirectory&, const MakeDirectory&) = default;
};
struct OpenDirectory {  // one that we made, so that everybody can look into it
  std::string path;
  friend bool operator==(const OpenDirectory&, const OpenDirectory&) = default;
};
struct WriteFile {
  std::string path;
  Snapshot snapshot;
  std::string before;    // for the diff
  bool is_shown = true;  // in the diff: not a program, nor our own manifest
  friend bool operator==(const WriteFile&, const WriteFile&) = default;
};
struct SwitchLink {
  std::string path;
  std::string target;
  friend bool operator==(const SwitchLink&, const SwitchLink&) = default;
};
struct RemoveFile {
  std::string path;
  std::string before;
  bool is_shown = true;
  friend bool operator==(const RemoveFile&, const RemoveFile&) = default;
};
struct RemoveDirectory {  // where it is empty
  std::string path;
  friend bool operator==(const RemoveDirectory&, const RemoveDirectory&) = default;
};

using Step = std::variant<MakeDirectory, OpenDirectory, WriteFile, SwitchLink, RemoveFile, RemoveDirectory>;
using Steps = std::vector<Step>;

[[nodiscard]] std::string describe(const Step& step);  // "write /etc/containerd/config.toml"
[[nodiscard]] std::string diff_of(const Step& step);   // empty: nothing to show

// Does the steps in their order. Stops at the first one that fails; the error says which.
[[nodiscard]] Result<void> execute(const RootTree& tree, const Steps& steps);

}  // namespace netclsd::cli
