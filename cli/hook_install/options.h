// What `netclsctl hook install|uninstall|status` were asked to do. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netclsd::cli {

enum class Runtime { kPodman, kCriO, kContainerd };
[[nodiscard]] constexpr std::string_view to_string(Runtime runtime) {
  switch (runtime) {
    case Runtime::kPodman:
      return "podman";
    case Runtime::kCriO:
      return "cri-o";
    case Runtime::kContainerd:
      return "containerd";
  }
  return "";
}

struct HookOptions {
  std::string root = "/";                        // the host's file tree
  std::string program_directory;                 // empty: one of the usual ones
  std::string state_directory = "/run/netclsd";  // the agent's
  bool restart = false;
  bool exit_zero = false;  // trouble is reported, and the exit status stays 0
  bool dry_run = false;
  bool diff = false;
  bool as_json = false;
};

struct HookInstallOptions : HookOptions {
  std::vector<Runtime> runtimes;  // empty: those that are found
  std::string binary;             // empty: netclsd-hook beside this program
  std::vector<std::string> runtime_handlers;
  std::vector<std::string> hook_arguments;
  bool all_containers = false;
  bool unless_nri = false;         // not into a containerd that offers NRI
  std::string containerd_version;  // empty: asked from the binary
  std::string containerd_config;   // empty: what the daemon reads that runs, or the usual file
};

}  // namespace netclsd::cli
