// Configurations of containerd that others write anew at each start, from a template. Pure.
#pragma once

#include <string>
#include <string_view>

#include "cli/hook_install/containerd_config.h"

namespace netclsd::cli {

// Who writes it, and from what, for people: "k3s, from config-v3.toml.tmpl beside it". Empty: nobody that we know.
[[nodiscard]] std::string generator_of(std::string_view config_path, Generation generation);

}  // namespace netclsd::cli
