#include "agent/engine/snapshot.h"

#include "common/base/fault_point.h"

namespace netclsd {

Result<Snapshot> take_snapshot(Processes& processes, const std::function<void()>& between_slices) {
  auto pids = processes.list();
  if (!pids) return pass_on(pids.error());
  Snapshot snapshot;
  snapshot.reserve(pids->size());
  for (std::size_t i = 0; i < pids->size(); ++i) {
    if (i % kProcessesPerSlice == 0) {
      if (const auto fault = fault_at(FaultPoint::kProcSlice)) return system_failure(*fault, "read /proc");
    }
    if (between_slices && i % kProcessesPerSlice == kProcessesPerSlice - 1) between_slices();
    if (auto facts = processes.facts((*pids)[i])) snapshot.push_back(std::move(*facts));
  }
  return snapshot;
}

}  // namespace netclsd
