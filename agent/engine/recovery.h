// Taking up again what was registered before the agent (re)started: the kept registrations, groups that nobody owns,
// and what hooks left in the spool. Loop thread only.
#pragma once

#include "agent/engine/registrar.h"

namespace netclsd {

class Recovery {
 public:
  Recovery(Host& host, const EngineOptions& options, Containers& containers, Registrar& registrar, Counters& counters)
      : host_(host), options_(options), containers_(containers), registrar_(registrar), counters_(counters) {}

  // Registrations whose init has ended stay until their group is empty (Releaser::retry).
  void take_up_registrations();
  // Places the inits that could not be placed then.
  void retry_placing();
  // Groups below our parent that belong to no registration, and hold no process: a crash left them.
  void remove_orphaned_groups();

 private:
  void take_up(Registration registration);
  void take_up_alive(Registration registration, const ProcessFacts& init);
  void take_up_ended(Registration registration);

  Host& host_;
  const EngineOptions& options_;
  Containers& containers_;
  Registrar& registrar_;
  Counters& counters_;
};

}  // namespace netclsd
