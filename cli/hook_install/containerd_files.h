// Which files make containerd <= 1.7 call our hook: config.toml edited, and a base spec for it. Reads, writes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/hook_entry.h"
#include "cli/hook_install/plan.h"
#include "cli/hook_install/root_tree.h"

namespace netclsd::cli {

inline constexpr const char* kContainerdDirectory = "/etc/containerd";
inline constexpr const char* kContainerdConfig = "/etc/containerd/config.toml";
inline constexpr std::size_t kConfigurationMax_bytes = 4U << 20;

// The handlers to be edited: those named, or else all of runc's. Pure.
[[nodiscard]] Result<std::vector<RuntimeHandler>> choose_handlers(const ContainerdConfig& config,
                                                                  const std::vector<std::string>& names);

struct ContainerdRequest {
  std::string config_path;  // of the file itself, links followed
  std::string config_text;  // without us; empty: there is none
  std::vector<std::string> handlers;
  HookEntry entry;
};
[[nodiscard]] Result<std::vector<WantedFile>> containerd_files(const RootTree& tree, const ContainerdRequest& request);

// Whether all handlers that we would edit are as we want them. Pure.
[[nodiscard]] bool has_our_settings(const ContainerdConfig& config, const std::vector<std::string>& handlers);

}  // namespace netclsd::cli
