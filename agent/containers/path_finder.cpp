#include "agent/containers/path_finder.h"

#include <utility>

#include "agent/placing/snapshot.h"

namespace netclsd {

Result<Surroundings> PathFinder::look_around(const ProcessFacts& init, Wanted wanted) {
  auto agent = facts_of_agent();
  if (!agent) return pass_on(agent.error());
  Surroundings around{.init = init, .agent = *std::move(agent), .processes = {}, .path = std::nullopt};
  around.init.namespaces = host_.processes.namespaces(init.pid);
  // A process elsewhere that cannot be read is not in the neighbourhood.
  const auto is_told = look_near(around);
  if (!is_told) return pass_on(is_told.error());
  if (*is_told && (around.path || wanted == Wanted::kPath)) return around;
  auto all = take_snapshot(host_.processes);
  if (!all) return pass_on(all.error());
  around.processes = *std::move(all);
  // Last, so that it is decided on what was just read.
  if (auto looked = look_closely(host_.processes, around.processes, around.init.cgroups); !looked) {
    return pass_on(looked.error());
  }
  around.path = choose_membership_path(around.init, around.processes, around.agent);
  return around;
}

// False: that does not tell init's membership path.
Result<bool> PathFinder::look_near(Surroundings& around) {
  auto looked = take_neighbourhood(host_.processes, host_.cgroups, around.init);
  if (!looked) return pass_on(looked.error());
  if (!*looked) return false;
  Neighbourhood& near = **looked;
  if (auto closely = look_closely(host_.processes, near.processes, near.paths); !closely) {
    return pass_on(closely.error());
  }
  ProcessFacts seen = around.init;
  seen.cgroups = std::move(near.paths);
  around.path = choose_membership_path(seen, near.processes, around.agent);
  // The first that will do is chosen, so what comes behind it does not matter.
  if (!near.is_complete && !around.path) return false;
  around.processes = std::move(near.processes);
  return true;
}

// Without them a path around the agent would seem to be the container's own.
Result<ProcessFacts> PathFinder::facts_of_agent() {
  auto agent = host_.processes.look_at(options_.self);
  if (!agent) return failure(ErrorCode::kUnavailable, agent.error().message());
  if (!*agent) return failure(ErrorCode::kUnavailable, "the agent does not find itself in /proc");
  (*agent)->namespaces = host_.processes.namespaces(options_.self);
  return std::move(**agent);
}

}  // namespace netclsd
