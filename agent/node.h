// What happens to a node before the agent runs for the first time, and after it has run for the last time. Both need
// CAP_SYS_ADMIN where the hierarchy is to be mounted or unmounted, so a pod does them in containers of their own.
#pragma once

#include <string>

#include "agent/config/config.h"

namespace netclsd {

// The net_cls hierarchy is mounted and has the parent group. Does nothing where all is there. What is there now, in
// words for people.
[[nodiscard]] Result<std::string> prepare_node(const Config& config);

// Whoever is in a group of ours goes back to the hierarchy's root; adopted groups lose their classid; our groups, our
// mount and our state are removed. Does nothing where nothing is left. kConflict while an agent runs.
[[nodiscard]] Result<std::string> clean_up_node(const Config& config);

}  // namespace netclsd
