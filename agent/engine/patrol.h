// Looks into the containers' own cgroups for processes that no event told of, some milliseconds of work instead of a
// sweep's, and therefore soon instead of at the next audit. A child by CLONE_PARENT of an entrant is one: its event
// names the entrant's parent, a stranger, and it has inherited a group only if the entrant was placed by then. It is
// asked for when an entrant was placed, or when one may have ended before it was looked at. Loop thread only.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "agent/engine/mover.h"

namespace netclsd {

class Patrol {
 public:
  static constexpr std::size_t kContainersPerRound = 32;  // some 15 µs each
  static constexpr MonotonicTime kPause = std::chrono::milliseconds{250};

  Patrol(Host& host, Containers& containers, const Tracker& tracker, Mover& mover, Counters& counters)
      : host_(host), containers_(containers), tracker_(tracker), mover_(mover), counters_(counters) {}

  void ask() { is_asked_ = true; }
  // Goes on with a look that is due, a few containers at a time. Call when all that events told of is examined.
  // True if there is more to do at once.
  bool go_on();
  // When the next look is due, if one is asked for.
  [[nodiscard]] std::optional<MonotonicTime> next_look() const;

 private:
  void begin();
  void end(MonotonicTime now);
  void look_into(const MembershipPath& membership);

  Host& host_;
  Containers& containers_;
  const Tracker& tracker_;
  Mover& mover_;
  Counters& counters_;
  bool is_asked_ = false;
  MonotonicTime look_again_at_{0};
  MonotonicTime took_{0};
  std::vector<ContainerNumber> ahead_;  // of the look that is going on
  // Who is on the way in has joined the cgroup before it calls exec, and its event comes then: only who is unknown
  // twice was overlooked.
  std::set<Pid> unknown_before_;
  std::set<Pid> unknown_;
};

}  // namespace netclsd
