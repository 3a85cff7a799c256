// Compares all of /proc with the registrations and places the strays. Start-up, overrun, audit and request are this
// one function: events make the agent fast, the sweep makes it right. Loop thread only.
#pragma once

#include <functional>

#include "agent/engine/mover.h"

namespace netclsd {

class Sweeper {
 public:
  Sweeper(Host& host, Containers& containers, Tracker& tracker, Mover& mover, Counters& counters)
      : host_(host), containers_(containers), tracker_(tracker), mover_(mover), counters_(counters) {}

  // `drain` is called between slices of reading and after every move.
  Result<SweepReport> sweep(SweepCause cause, const std::function<void()>& drain);

 private:
  void repair_groups();
  void remember(const std::vector<Member>& members, MonotonicTime began_at, MonotonicTime read_at);
  void place_strays(const std::vector<Member>& members, const std::function<void()>& drain, SweepReport& report);
  void forget_others(const Snapshot& snapshot, const std::vector<Member>& members, MonotonicTime began_at);
  void expel(Pid pid);
  void count(SweepCause cause, const SweepReport& report);

  Host& host_;
  Containers& containers_;
  Tracker& tracker_;
  Mover& mover_;
  Counters& counters_;
};

}  // namespace netclsd
