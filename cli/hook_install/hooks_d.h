// podman and CRI-O: the directories in which they look for hooks.d files, as their configuration and command line say,
// and whether they find ours there. A CRI-O that runs must also watch the directory. Changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/hook_install/manifest.h"
#include "cli/hook_install/options.h"
#include "cli/hook_install/root_tree.h"
#include "cli/hook_install/runtime_state.h"
#include "common/base/error.h"
#include "common/model/process.h"

namespace netclsd::cli {

struct CrioProcess {
  ProcessKey key = {};
  std::string config = "/etc/crio/crio.conf";
  std::string config_directory = "/etc/crio/crio.conf.d";
  std::vector<std::string> hooks_directories = {};  // --hooks-dir; empty: its configuration says
};

// The CRI-O processes that have this tree as their root.
[[nodiscard]] std::vector<CrioProcess> find_crio(const RootTree& tree);

// Takes over what its command line says; `words` are those of /proc/PID/cmdline. Pure.
void take_command_line(CrioProcess& process, const std::vector<std::string_view>& words);

// CRI-O watches the directories that it found when it started, and loads hooks only when something changes there.
// False: this directory was made, or made again, after that.
[[nodiscard]] bool is_watching(const RootTree& tree, const CrioProcess& process, const std::string& directory);

// Read by NRI's hook-injector, and by runtimes whose hooks_dir names it.
inline constexpr const char* kEtcHooksD = "/etc/containers/oci/hooks.d";
// The only directory that podman and CRI-O read unless configured.
inline constexpr const char* kUsrHooksD = "/usr/share/containers/oci/hooks.d";
inline constexpr const char* kHooksDName = "netclsd.json";

struct HooksDirectories {
  std::vector<std::string> paths = {kUsrHooksD};
  std::string set_by = {};  // the file or the option that set them; empty: this is the default
  [[nodiscard]] bool has(const std::string& path) const;
};

// For podman as root runs it: containers.conf and its drop-ins. Users may have their own configurations.
[[nodiscard]] Result<HooksDirectories> podman_directories(const RootTree& tree);
// `process`: the CRI-O that runs; nullptr: none does.
[[nodiscard]] Result<HooksDirectories> crio_directories(const RootTree& tree, const CrioProcess* process);

[[nodiscard]] Result<HooksDirectories> hooks_directories(const RootTree& tree, Runtime runtime,
                                                         const std::vector<CrioProcess>& crio);

// Of podman and CRI-O, as far as the installation was for them.
[[nodiscard]] std::vector<RuntimeState> find_hooks_d_states(const RootTree& tree, const Manifest& manifest);

}  // namespace netclsd::cli
