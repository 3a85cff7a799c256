#include "agent/placing/snapshot.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "agent/membership/choice.h"
#include "common/base/fault_point.h"

namespace netclsd {
namespace {

constexpr std::size_t kNeighboursMax = 1'000;  // some 25 µs each; above it all of /proc may be cheaper

// If not, it is for want of descriptors or memory, and others cannot be read either.
bool is_about_it_alone(const Error& error) { return error.code() != ErrorCode::kUnavailable; }

bool is_at(const ProcessFacts& process, const CgroupPaths& paths) {
  return std::any_of(paths.entries.begin(), paths.entries.end(), [&](const CgroupEntry& entry) {
    const std::string* path = process.cgroups.find(entry.hierarchy);
    return path != nullptr && entry.path != "/" && is_within(*path, entry.path);
  });
}

// Each with its ancestors, once.
class Gatherer {
 public:
  Gatherer(Processes& processes, Cgroups& cgroups) : processes_(processes), cgroups_(cgroups) {}

  // False: too many. An error that is about one process alone: it, or one of its ancestors, cannot be read.
  Result<bool> add(Pid pid) {
    while (pid.value != 0 && known_.insert(pid).second) {
      if (known_.size() > kNeighboursMax) return false;
      auto facts = processes_.look_at(pid);
      if (!facts) {
        known_.erase(pid);  // it may also be one of those at the path
        return pass_on(facts.error());
      }
      if (!*facts) return true;
      pid = (*facts)->parent;
      found_.push_back(std::move(**facts));
    }
    return true;
  }

  Result<bool> add_all_at(const CgroupEntry& entry) {
    if (entry.path == "/") return true;  // everybody's: it tells nothing
    const auto pids = cgroups_.processes_at(entry);
    if (!pids) return false;
    for (const Pid pid : *pids) {
      const auto added = add(pid);
      if (!added && !is_about_it_alone(added.error())) return added;
      if (!added && known_.insert(pid).second) found_.push_back({.pid = pid, .cgroups = {{entry}}});
      if (added && !*added) return false;
    }
    return true;
  }

  Snapshot take() { return std::move(found_); }

 private:
  Processes& processes_;
  Cgroups& cgroups_;
  std::unordered_set<Pid> known_;
  Snapshot found_;
};

}  // namespace

Result<Snapshot> take_snapshot(Processes& processes, Intake* intake) {
  auto pids = processes.list();
  if (!pids) return pass_on(pids.error());
  Snapshot snapshot;
  snapshot.reserve(pids->size());
  for (std::size_t i = 0; i < pids->size(); ++i) {
    if (i % kProcessesPerSlice == 0) {
      if (const auto fault = fault_at(FaultPoint::kProcSlice)) return system_failure(*fault, "read /proc");
    }
    if (intake != nullptr && i % kProcessesPerSlice == kProcessesPerSlice - 1) intake->drain();
    auto facts = processes.look_at((*pids)[i]);
    if (!facts && !is_about_it_alone(facts.error())) return pass_on(facts.error());
    if (!facts) snapshot.push_back({.pid = (*pids)[i]});
    if (facts && *facts) snapshot.push_back(std::move(**facts));
  }
  return snapshot;
}

Result<void> look_closely(Processes& processes, Snapshot& snapshot, const CgroupPaths& paths) {
  Snapshot looked_at;
  looked_at.reserve(snapshot.size());
  for (ProcessFacts& process : snapshot) {
    if (process.pid != Pid{1} && !is_at(process, paths)) {
      looked_at.push_back(std::move(process));
      continue;
    }
    auto facts = processes.look_at(process.pid);
    if (!facts && !is_about_it_alone(facts.error())) return pass_on(facts.error());
    if (!facts) looked_at.push_back(std::move(process));
    if (!facts || !*facts) continue;
    (*facts)->namespaces = processes.namespaces(process.pid);
    const bool is_still = processes.start_time(process.pid) == (*facts)->start_time;
    if (is_still) looked_at.push_back(std::move(**facts));
  }
  snapshot = std::move(looked_at);
  return {};
}

Result<std::optional<Neighbourhood>> take_neighbourhood(Processes& processes, Cgroups& cgroups,
                                                        const ProcessFacts& init) {
  Gatherer gatherer(processes, cgroups);
  if (auto added = gatherer.add(init.pid); !added && !is_about_it_alone(added.error())) return pass_on(added.error());
  Neighbourhood around;
  around.is_complete = true;
  for (const CgroupEntry& entry : init.cgroups.entries) {
    if (!has_controller(entry.hierarchy, "net_cls")) continue;
    const auto added = gatherer.add_all_at(entry);
    if (!added) return pass_on(added.error());
    if (!*added) return std::nullopt;
    around.paths.entries.push_back(entry);
  }
  for (const CgroupEntry& entry : membership_candidates(init.cgroups)) {
    const auto added = gatherer.add_all_at(entry);
    if (!added) return pass_on(added.error());
    if (around.is_complete = *added; !around.is_complete) break;
    around.paths.entries.push_back(entry);
  }
  around.processes = gatherer.take();
  return around;
}

}  // namespace netclsd
