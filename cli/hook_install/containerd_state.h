// The containerd daemons that run on this host, and whether they call the hook: what they read says so, and they have
// read it. Reads the tree's files and its /proc, changes nothing. Without the host's /proc (an image's tree, a
// container with its own pid namespace) no daemon is found.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/manifest.h"
#include "cli/hook_install/root_tree.h"
#include "cli/hook_install/runtime_state.h"
#include "common/model/process.h"

namespace netclsd::cli {

struct RunningContainerd {
  ProcessKey process;
  std::string config_path;  // absolute; containerd up to 1.7 knows no environment variable for it
  std::string program;      // empty: unknown, or replaced since
};

// Those that use this tree's files, so none in a container; in the order of their pids.
[[nodiscard]] std::vector<RunningContainerd> find_running_containerds(const RootTree& tree);

// If there are several, those that serve Kubernetes: dockerd's has its CRI plugin disabled.
[[nodiscard]] std::vector<RunningContainerd> find_cri_containerds(const RootTree& tree);

// "/usr/bin/containerd\0--config\0/x.toml\0" → "/x.toml"; the last one counts. Empty: none is named. std::nullopt: no
// daemon, but a command such as `containerd config dump`. Pure.
[[nodiscard]] std::optional<std::string> named_config(std::string_view command_line);

// A daemon that reads `config_path` and was started before `changed`.
[[nodiscard]] std::optional<ProcessKey> find_older_containerd(const RootTree& tree, const std::string& config_path,
                                                              const ChangeTime& changed);

// The systemd service that the daemon runs in, such as "k3s" or "rke2-agent", which start theirs themselves.
// "containerd" if that is not known.
[[nodiscard]] std::string containerd_service(const RootTree& tree);

// Judged by the daemons that run; if none does, by the file that the next one would read.
[[nodiscard]] RuntimeState containerd_state(const RootTree& tree, const Manifest& manifest);

// Why a containerd with this configuration would not call the hook after its next start. Empty: it calls the hook for
// all `handlers` (none named: for all of runc's). An error: what it reads cannot be examined.
[[nodiscard]] Result<std::string> why_hook_is_not_called(const RootTree& tree, const std::string& program,
                                                         const std::string& config_path,
                                                         const std::vector<std::string>& handlers);

// All files that it reads, as far as they can be found.
[[nodiscard]] std::vector<std::string> files_read_by_containerd(const RootTree& tree, const std::string& program,
                                                                const std::string& config_path);

}  // namespace netclsd::cli
