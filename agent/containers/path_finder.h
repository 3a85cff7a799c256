// Looking around an init for the path that is its container's alone: at registration, and later if there was none.
// Loop thread only.
#pragma once

#include <optional>
#include <vector>

#include "agent/engine/engine_options.h"
#include "agent/host/host.h"
#include "agent/membership/choice.h"

namespace netclsd {

struct Surroundings {
  ProcessFacts init;   // with its namespaces, like those that share a path with it
  ProcessFacts agent;  // likewise
  Snapshot processes;
  std::optional<MembershipPath> path;
};

class PathFinder {
 public:
  PathFinder(Host& host, const EngineOptions& options) : host_(host), options_(options) {}

  // kPath: what tells the path; that is the neighbourhood (snapshot.h), if it can be looked into. kMembers: what tells
  // the members of an init that has run, too: without a path its descendants, who may be anywhere in /proc; with one
  // the neighbourhood, whatever else descends from init being left to a sweep. kUnavailable: not now.
  enum class Wanted { kPath, kMembers };
  // Drains no events: no fork of init can be overlooked meanwhile.
  [[nodiscard]] Result<Surroundings> look_around(const ProcessFacts& init, Wanted wanted);

 private:
  [[nodiscard]] Result<ProcessFacts> facts_of_agent();
  [[nodiscard]] Result<bool> look_near(Surroundings& around);

  Host& host_;
  const EngineOptions& options_;
};

}  // namespace netclsd
