// Tables of a config.toml by path. Pure; for containerd_config.cpp and containerd_edit.cpp alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/hook_install/toml.h"
#include "common/base/error.h"

namespace netclsd::cli {

inline constexpr std::string_view kCriPlugin = "io.containerd.grpc.v1.cri";
using TablePath = std::vector<std::string_view>;
inline const TablePath kHandlersPath = {"plugins", kCriPlugin, "containerd", "runtimes"};

// "line 3: …"
[[nodiscard]] Result<toml::table> parse_toml(std::string_view text);
[[nodiscard]] const toml::table* find_table(const toml::table& root, const TablePath& path);

}  // namespace netclsd::cli
