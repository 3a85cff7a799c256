// Configurations of containerd that others write anew at each start, from a template. Pure.
#pragma once

#include <string>
#include <string_view>

#include "cli/hook_install/containerd_config.h"

namespace netclsd::cli {

// Who writes it, and from what, for people: "k3s, from config-v3.toml.tmpl beside it". Empty: nobody that we know.
[[nodiscard]] std::string generator_of(std::string_view config_path, Generation generation);

// A file of ours that its containerd reads beside what is written anew: k3s and RKE2 have containerd 2 import a
// directory. Empty: there is no such place, or this configuration does not import it.
[[nodiscard]] std::string drop_in_beside(const std::string& config_path, const ContainerdConfig& config);

}  // namespace netclsd::cli
