// Reading all of /proc in slices, so that the event socket is not starved meanwhile.
#pragma once

#include <functional>

#include "agent/engine/host.h"

namespace netclsd {

inline constexpr std::size_t kProcessesPerSlice = 512;

// `between_slices` may be empty: then nothing is drained until the end.
[[nodiscard]] Result<Snapshot> take_snapshot(Processes& processes, const std::function<void()>& between_slices = {});

}  // namespace netclsd
