// Preparing a node before the agent runs for the first time, and cleaning up after it has run for the last time. Both
// need CAP_SYS_ADMIN if the hierarchy is to be mounted or unmounted. So in a pod they run in containers of their own.
// An agent that is started with all privileges prepares the node itself, and then gives them up. Before there is a
// second thread.
#pragma once

#include <string>

#include "agent/config/config.h"
#include "common/net_cls/mount.h"
#include "common/net_cls/own_mount.h"

namespace netclsd {

struct Hierarchy {
  NetClsMount mount;                     // where it is, or will be: ours may not be mounted yet
  bool is_own = false;                   // ours: others mount and unmount it while the agent runs (docs/adr/0028)
  std::string not_mounted_because = {};  // why it could not be mounted though it is needed at once; empty: all is well
};

// Finds the hierarchy, or mounts it if the configuration or a container needs it at once. If it is mounted the parent
// group is made. Only CAP_DAC_OVERRIDE allows that: the mode of a hierarchy's root directory is 0555. Does nothing if
// all is there.
[[nodiscard]] Result<Hierarchy> prepare_hierarchy(const Config& config);

// Our own mount point, and what lies beside it.
[[nodiscard]] OwnMount own_mount(const Config& config);

// For those who mount and unmount while the agent runs: MOUNT_POINT.json (common/net_cls/mount_files.h).
[[nodiscard]] Result<void> write_mount_settings(const Config& config);

// prepare_hierarchy(), and then unmounts our hierarchy if no container needs it. Returns what is there now, as a
// sentence.
[[nodiscard]] Result<std::string> prepare_node(const Config& config);

// Moves the processes in our groups back to the hierarchy's root, takes the classid from adopted groups, and removes
// our groups, our mount and our state. Returns what it did, as a sentence. kConflict while an agent runs.
[[nodiscard]] Result<std::string> clean_up_node(const Config& config);

}  // namespace netclsd
