// Which runtimes `hook install --unless-nri` leaves to the NRI plugin.
#pragma once

#include <vector>

#include "cli/hook_install/options.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

inline constexpr const char* kNriSocket = "/run/nri/nri.sock";

// Somebody accepts connections there: containerd from 2.0 on by itself, from 1.7.16 on if NRI is enabled. (CRI-O before
// 1.36 accepts them, too, but does not name init.)
[[nodiscard]] bool offers_nri(const RootTree& tree);

// `runtimes` without containerd if it offers NRI and is not too old for it, and was not hooked by an earlier
// installation: that one works, and nobody knows whether the plugin does.
[[nodiscard]] std::vector<Runtime> not_left_to_nri(const RootTree& tree, const HookInstallOptions& options,
                                                   std::vector<Runtime> runtimes);

}  // namespace netclsd::cli
