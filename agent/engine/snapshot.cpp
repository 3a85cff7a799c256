#include "agent/engine/snapshot.h"

#include <algorithm>
#include <unordered_set>

#include "agent/core/choice.h"
#include "common/base/fault_point.h"

namespace netclsd {
namespace {

constexpr std::size_t kNeighboursMax = 1'000;  // some 25 µs each; above it all of /proc may be cheaper

// Each with its ancestors, once.
class Gatherer {
 public:
  Gatherer(Processes& processes, Cgroups& cgroups) : processes_(processes), cgroups_(cgroups) {}

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

  bool add_all_at(const CgroupEntry& entry) {
    if (entry.path == "/") return true;  // everybody's: it tells nothing
    const auto pids = cgroups_.processes_at(entry);
    return pids && std::all_of(pids->begin(), pids->end(), [&](Pid pid) { return add(pid); });
  }

  Snapshot take() { return std::move(found_); }

 private:
  Processes& processes_;
  Cgroups& cgroups_;
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

std::optional<Neighbourhood> take_neighbourhood(Processes& processes, Cgroups& cgroups, const ProcessFacts& init) {
  Gatherer gatherer(processes, cgroups);
  if (!gatherer.add(init.pid)) return std::nullopt;
  Neighbourhood around;
  for (const CgroupEntry& entry : init.cgroups.entries) {
    if (!has_controller(entry.hierarchy, "net_cls")) continue;
    if (!gatherer.add_all_at(entry)) return std::nullopt;
    around.paths.entries.push_back(entry);
  }
  const auto candidates = membership_candidates(init.cgroups);
  const auto end = std::find_if(candidates.begin(), candidates.end(),
                                [&](const CgroupEntry& entry) { return !gatherer.add_all_at(entry); });
  around.paths.entries.insert(around.paths.entries.end(), candidates.begin(), end);
  around.is_complete = end == candidates.end();
  around.processes = gatherer.take();
  return around;
}

}  // namespace netclsd
