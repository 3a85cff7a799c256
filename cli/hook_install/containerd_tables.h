// containerd's configuration as TOML tables, for those who read or merge them. Pure.
#pragma once

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/toml.h"

namespace netclsd::cli {

// What parse_containerd_config() does, for a text that is parsed already. It is in containerd_config.cpp.
[[nodiscard]] Result<ContainerdConfig> read_containerd_config(const toml::table& root);

}  // namespace netclsd::cli
