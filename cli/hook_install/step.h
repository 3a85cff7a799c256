// What installing and uninstalling do to the host, one change each. Pure.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

struct MakeDirectory {
  std::string path;
  friend bool operator==(const MakeDirectory&, const MakeDirectory&) = default;
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

using Step = std::variant<MakeDirectory, WriteFile, SwitchLink, RemoveFile, RemoveDirectory>;
using Steps = std::vector<Step>;

[[nodiscard]] std::string describe(const Step& step);  // "write /etc/containerd/config.toml"
[[nodiscard]] std::string diff_of(const Step& step);   // empty: nothing to show

}  // namespace netclsd::cli
