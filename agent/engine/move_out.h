// Emptying a group whose processes have nothing to do there any more. Loop thread only.
#pragma once

#include <string>

#include "agent/engine/host.h"

namespace netclsd {

// All of the group's processes go to the group `refuge` ("": the hierarchy's root). kUnavailable: they fork faster than
// they can be moved.
[[nodiscard]] Result<void> move_all_out(NetCls& net_cls, const std::string& directory, const std::string& refuge);

}  // namespace netclsd
