#include "agent/engine/snapshot.h"

#include <unordered_set>

#include "common/base/fault_point.h"

namespace netclsd {
namespace {

constexpr std::size_t kNeighboursMax = 1'000;  // some 25 µs each; above it all of /proc may be cheaper

// Each with its ancestors, once.
class Gatherer {
 public:
  explicit Gatherer(Processes& processes) : processes_(processes) {}

  bool add(Pid pid) {
    while (pid.value != 0 && known_.insert(pid).second) {
      if (known_.size() > kNeighboursMax) return false;
      auto facts = processes_.facts(pid);
      if (!facts) return true;
      pid = facts->parent;
      found_.push_back(std::move(*facts));
    }
    return true;
  }
  Snapshot take() { return std::move(found_); }

 private:
  Processes& processes_;
  std::unordered_set<Pid> known_;
  Snapshot found_;
};

}  // namespace

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

std::optional<Snapshot> take_neighbourhood(Processes& processes, Cgroups& cgroups, const ProcessFacts& init) {
  Gatherer gatherer(processes);
  if (!gatherer.add(init.pid)) return std::nullopt;
  for (const CgroupEntry& entry : init.cgroups.entries) {
    if (entry.path == "/") continue;  // everybody's: it tells nothing
    const auto pids = cgroups.processes_at(entry);
    if (!pids) return std::nullopt;
    for (const Pid pid : *pids) {
      if (!gatherer.add(pid)) return std::nullopt;
    }
  }
  return gatherer.take();
}

}  // namespace netclsd
