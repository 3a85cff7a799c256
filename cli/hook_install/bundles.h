// The bundles of this host's containers, where the runtimes keep them. Reads the tree, changes nothing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

inline constexpr std::size_t kBundlesMax = 20'000;  // more than any node runs

struct Bundle {
  std::string container;  // its id
  std::string config;     // the path of its config.json
  std::string pid_file;   // the path of a file with init's pid; it is there when the container has been created
};

struct Bundles {
  std::vector<Bundle> found;
  bool has_more = false;  // than kBundlesMax
};

// Of containerd's shims (and k3s's), podman and CRI-O. A bundle may be left of a container that has ended.
[[nodiscard]] Bundles find_bundles(const RootTree& tree);

}  // namespace netclsd::cli
