// Compares all of /proc with the registrations and places the strays. Start-up, overrun, audit and request are this
// one function: events make the agent fast, the sweep makes it right. Loop thread only.
#pragma once

#include "agent/engine/mover.h"

namespace netclsd {

class Sweeper {
 public:
  // `sink` gets the events that arrive meanwhile: they are read between slices of reading and before every move.
  Sweeper(Host& host, EventSink& sink, Containers& containers, Tracker& tracker, Mover& mover, Counters& counters)
      : host_(host), sink_(sink), containers_(containers), tracker_(tracker), mover_(mover), counters_(counters) {}

  // kMayBeExpected: a container that the spool still holds may have been placed by its hook.
  enum class Foreigners { kMoveOut, kMayBeExpected };
  Result<SweepReport> sweep(SweepCause cause, Foreigners foreigners);

 private:
  void repair_groups();
  void remember(const std::vector<Member>& members, MonotonicTime began_at, MonotonicTime read_at);
  void place_strays(const std::vector<Member>& members, SweepReport& report);
  void forget_others(const Snapshot& snapshot, const std::vector<Member>& members, MonotonicTime began_at);
  void expel(Pid pid);
  void count(SweepCause cause, const SweepReport& report);

  Host& host_;
  EventSink& sink_;
  Containers& containers_;
  Tracker& tracker_;
  Mover& mover_;
  Counters& counters_;
};

}  // namespace netclsd
