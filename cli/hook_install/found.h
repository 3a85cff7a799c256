// Which container runtimes a host has.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/hook_install/options.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

struct FoundRuntime {
  Runtime runtime;
  std::string where;  // what shows that it is there
};

[[nodiscard]] std::vector<FoundRuntime> find_runtimes(const RootTree& tree);

// The path of a program of the host.
[[nodiscard]] std::optional<std::string> find_program(const RootTree& tree, std::string_view name);

// "containerd github.com/containerd/containerd 1.6.20~ds1 …" → "1.6.20". Pure.
[[nodiscard]] std::optional<std::string> parse_containerd_version(std::string_view text);
[[nodiscard]] std::optional<std::string> ask_containerd_version(const RootTree& tree);

// "1.6.20" → 1. Pure.
[[nodiscard]] std::optional<int> major_of(std::string_view version);

}  // namespace netclsd::cli
