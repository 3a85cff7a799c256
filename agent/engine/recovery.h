// Taking up again what was registered before the agent (re)started: the kept registrations, groups that nobody owns,
// and what hooks left in the spool. Loop thread only.
#pragma once

#include <set>
#include <string>

#include "agent/engine/registrar.h"

namespace netclsd {

class Recovery {
 public:
  Recovery(Host& host, const EngineOptions& options, Containers& containers, Registrar& registrar, Counters& counters)
      : host_(host), options_(options), containers_(containers), registrar_(registrar), counters_(counters) {}

  // Registrations whose init has ended stay until their group is empty (Releaser::retry).
  void take_up_registrations();
  // Groups below our parent that belong to no registration, and hold no process: a crash left them, or a hook that
  // placed init itself. One that a hook is just making looks the same: while the agent runs, only those are removed
  // that were there the last time too.
  enum class Orphans { kAll, kSeenTwice };
  void remove_orphaned_groups(Orphans which);
  // Of a container that will not be registered. While it holds processes it stays, until remove_leftovers().
  void remove_orphaned_group(const ContainerId& id);
  void remove_leftovers();

 private:
  // False: it holds processes.
  bool remove(const std::string& directory);
  void take_up(Registration registration);
  void take_up_alive(Registration registration, const ProcessFacts& init);
  void take_up_ended(Registration registration);
  [[nodiscard]] std::optional<ContainerNumber> outer_of(const Registration& ended) const;

  Host& host_;
  const EngineOptions& options_;
  Containers& containers_;
  Registrar& registrar_;
  Counters& counters_;
  std::set<std::string> orphans_seen_;
  std::set<ContainerId> leftovers_;
};

}  // namespace netclsd
