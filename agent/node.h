// What happens to a node before the agent runs for the first time, and after it has run for the last time. Both need
// CAP_SYS_ADMIN where the hierarchy is to be mounted or unmounted, so a pod does them in containers of their own. An
// agent that is started with all privileges prepares the node itself, and gives them up.
#pragma once

#include <string>

#include "agent/config/config.h"
#include "common/net_cls/mount.h"

namespace netclsd {

// All that needs privileges: finds the hierarchy or mounts it, and makes the parent group, which only CAP_DAC_OVERRIDE
// allows, since a hierarchy's root directory is nobody's to write (0555). Does nothing where both are there.
[[nodiscard]] Result<NetClsMount> prepare_hierarchy(const Config& config);

// The net_cls hierarchy is mounted and has the parent group. Does nothing where all is there. What is there now, in
// words for people.
[[nodiscard]] Result<std::string> prepare_node(const Config& config);

// Whoever is in a group of ours goes back to the hierarchy's root; adopted groups lose their classid; our groups, our
// mount and our state are removed. Does nothing where nothing is left. kConflict while an agent runs.
[[nodiscard]] Result<std::string> clean_up_node(const Config& config);

}  // namespace netclsd
