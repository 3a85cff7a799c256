// Compares all of /proc with the targets and places the strays. Every sweep, whatever its cause, is this one
// function: events make the agent fast, the sweep makes it right. Loop thread only.
#pragma once

#include <vector>

#include "agent/membership/sweep_plan.h"
#include "agent/placing/groups.h"
#include "agent/placing/mover.h"

namespace netclsd {

class Sweeper {
 public:
  // Events that arrive meanwhile are read between slices of reading and before every move.
  Sweeper(Host& host, Intake& intake, const Targets& targets, Tracker& tracker, Mover& mover, Groups& groups,
          Counters& counters)
      : host_(host),
        intake_(intake),
        targets_(targets),
        tracker_(tracker),
        mover_(mover),
        groups_(groups),
        counters_(counters) {}

  // kMayBeExpected: a container that the spool still holds may have been placed by its hook.
  enum class Foreigners { kMoveOut, kMayBeExpected };
  Result<SweepReport> sweep(SweepCause cause, Foreigners foreigners);

 private:
  void remember(const std::vector<Member>& members, MonotonicTime began_at, MonotonicTime read_at);
  void place_strays(const std::vector<Member>& members, SweepReport& report);
  void forget_others(const Snapshot& snapshot, const std::vector<Member>& members, MonotonicTime began_at);
  void expel(Pid pid);
  void count(SweepCause cause, const SweepReport& report);

  Host& host_;
  Intake& intake_;
  const Targets& targets_;
  Tracker& tracker_;
  Mover& mover_;
  Groups& groups_;
  Counters& counters_;
};

}  // namespace netclsd
