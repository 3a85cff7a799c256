// The containers that the policy refused: counted, told to the reporter, and the latest remembered, so that people can
// be told why a process has no class, and so that what the hook did on its own is undone. Loop thread only.
#pragma once

#include <deque>
#include <string>

#include "agent/containers/containers.h"
#include "agent/containers/containers_host.h"
#include "agent/engine/engine_options.h"
#include "agent/metrics/counters.h"
#include "agent/placing/groups.h"

namespace netclsd {

class Refusals {
 public:
  static constexpr std::size_t kRefusalsMax = 1'000;
  // How long a hook that was answered too late may still be placing init: none lives longer (kTimeoutMax).
  static constexpr MonotonicTime kHookMax = std::chrono::minutes{1};

  Refusals(ContainersHost& host, const EngineOptions& options, Containers& containers, Groups& groups,
           Counters& counters)
      : host_(host), options_(options), containers_(containers), groups_(groups), counters_(counters) {}

  void note(Refused refused);
  void forget(const ContainerId& id);
  [[nodiscard]] const Refused* find(const ContainerId& id) const;
  // The refused container of which the process is init, or a descendant of init.
  [[nodiscard]] const Refused* find_by_process(Pid pid);

  // While the agent was away, or too slow, the hook may have placed init itself: into a group of ours, or by giving the
  // runtime's own group the classid. Afterwards the container is unclassified; one that is registered in the default
  // class instead is in that. An error: try again.
  [[nodiscard]] Result<void> undo_placement(const ContainerId& id);
  // Of all that were refused within kHookMax. Once a second.
  void undo_late_placements();

 private:
  [[nodiscard]] Result<void> undo(const Refused& refused);
  [[nodiscard]] Result<void> restore(const Container& container);
  [[nodiscard]] Result<void> empty_hooks_group(const std::string& of_hook, const std::string& refuge);
  [[nodiscard]] Result<void> reset_classid(const Refused& refused, const ProcessFacts& init,
                                           const std::string& directory);
  [[nodiscard]] bool is_own_group(const Refused& refused, const ProcessFacts& init, const std::string& directory);
  [[nodiscard]] std::string refuge_of(const ProcessFacts& init);

  ContainersHost& host_;
  const EngineOptions& options_;
  Containers& containers_;
  Groups& groups_;
  Counters& counters_;
  std::deque<Refused> latest_;  // the newest last
};

}  // namespace netclsd
