// Lists the processes in each target's cgroup and examines those that no event reported. That is a few milliseconds
// of work, so it can be done soon, where a sweep would wait for the next audit. Loop thread only.
//
// Example: an entrant makes a child with CLONE_PARENT. The event names the entrant's parent, a stranger, and the child
// inherits the group only if the entrant was placed before. So a patrol is asked for after placing an entrant, or after
// missing one that had already exited. A process that is unknown in two consecutive listings is examined.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "agent/placing/mover.h"

namespace netclsd {

class Patrol {
 public:
  static constexpr std::size_t kTargetsPerRound = 32;  // some 15 µs each
  static constexpr std::size_t kGroupsPerRound = 128;  // cgroups, some 25 µs each
  // In one target and one patrol: a longer patrol delays the next one for all. The rest is left to the audit.
  static constexpr std::size_t kGroupsMax = 1'024;
  static constexpr MonotonicTime kPause = std::chrono::milliseconds{250};

  Patrol(Host& host, const Targets& targets, const Tracker& tracker, Mover& mover, Counters& counters)
      : host_(host), targets_(targets), tracker_(tracker), mover_(mover), counters_(counters) {}

  void ask() { is_asked_ = true; }
  // Continues a patrol that is due, a few targets at a time. Call when the intake is idle.
  // True if there is more to do at once.
  bool go_on();
  // When the next look is due, if one is asked for.
  [[nodiscard]] std::optional<MonotonicTime> next_look() const;

 private:
  void begin();
  void end(MonotonicTime now);
  [[nodiscard]] bool is_through_with(TargetNumber number, std::size_t& groups_left);
  [[nodiscard]] bool is_through_with(TargetNumber number, CgroupWalk& walk, std::size_t& groups_left);
  void look_at(Pid pid, TargetNumber number);
  [[nodiscard]] bool is_known(Pid pid, TargetNumber number) const;

  Host& host_;
  const Targets& targets_;
  const Tracker& tracker_;
  Mover& mover_;
  Counters& counters_;
  bool is_asked_ = false;
  MonotonicTime look_again_at_{0};
  MonotonicTime took_{0};
  std::vector<TargetNumber> ahead_;   // of the look that is going on
  std::unique_ptr<CgroupWalk> walk_;  // through the last of them, if it has begun
  std::size_t groups_walked_ = 0;     // in it
  // Who is on the way in has joined the cgroup before it calls exec, and its event comes then: only who is unknown
  // twice was overlooked.
  std::set<Pid> unknown_before_;
  std::set<Pid> unknown_;
};

}  // namespace netclsd
