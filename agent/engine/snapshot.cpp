#include "agent/engine/snapshot.h"

namespace netclsd {

Result<Snapshot> take_snapshot(Processes& processes, const std::function<void()>& between_slices) {
  auto pids = processes.list();
  if (!pids) return pass_on(pids.error());
  Snapshot snapshot;
  snapshot.reserve(pids->size());
  for (std::size_t i = 0; i < pids->size(); ++i) {
    if (between_slices && i % kProcessesPerSlice == kProcessesPerSlice - 1) between_slices();
    if (auto facts = processes.facts((*pids)[i])) snapshot.push_back(std::move(*facts));
  }
  return snapshot;
}

}  // namespace netclsd
