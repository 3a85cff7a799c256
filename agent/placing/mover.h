// Examines one process and moves it if it is not where it belongs. This is the only place that writes the pid of a
// running member into a group. Loop thread only.
//
// The order is: look, drain, judge again, write. /proc/PID/cgroup is read once just before the write. It tells whether
// the process is placed already: a needless write may wait for an RCU grace period and delay every container creation
// on the node. It also tells whether the pid is still a member's. Draining between the look and the write brings in the
// process's own fork event, which the kernel queues before the process first runs.
//
// Where the kernel would crash (Intake::let_children_run_first), whoever may still be in the middle of its fork waits,
// whatever showed it: an event, a sweep or a patrol.
#pragma once

#include <string>
#include <utility>

#include "agent/host/host.h"
#include "agent/membership/targets.h"
#include "agent/metrics/counters.h"
#include "agent/placing/intake.h"

namespace netclsd {

enum class MoveOutcome { kNotNeeded, kMoved, kGone, kFailed, kPutOff };

class Mover {
 public:
  // `mount_root`: GroupPlace's.
  Mover(Host& host, Intake& intake, const Targets& targets, Tracker& tracker, Counters& counters,
        const std::string& mount_root)
      : host_(host),
        intake_(intake),
        targets_(targets),
        tracker_(tracker),
        counters_(counters),
        mount_root_(mount_root) {}

  MoveOutcome examine(const Examine& examine);
  // Writes without a look. The process must be in the tracker. For init at registration: its start time was compared.
  [[nodiscard]] Result<MoveOutcome> place(Pid pid, TargetNumber number, const Examine& why);

  // Out of our groups, to where its parent is or else to the hierarchy's root: it belongs to no target. False if the
  // kernel refused. Drain and judge before, as before every write.
  bool expel(const ProcessFacts& stranger);
  // True once if children may have been missed: a process was placed late, or had exited before we examined it, and a
  // CLONE_PARENT child of it would have been reported under another parent.
  [[nodiscard]] bool take_overlooked() { return std::exchange(may_have_overlooked_, false); }

 private:
  MoveOutcome note_gone(const Examine& examine);
  MoveOutcome note_placed(const Examine& examine, TargetNumber number);
  MoveOutcome look_again_and_attach(const Examine& examine);
  [[nodiscard]] bool must_not_be_moved_yet(const ProcessFacts& process);
  MoveOutcome attach(const Examine& examine, const Attach& attach, const ProcessFacts& facts);
  [[nodiscard]] bool is_still(Pid pid, StartTime start_time);
  MoveOutcome put_back(Pid pid);
  void inherit_late(const Examine& examine, const ProcessFacts& facts);
  [[nodiscard]] std::string refuge_of(const ProcessFacts& stranger);
  void count_move(const Examine& why, MonotonicTime done_at);
  void count_failure(const Error& error);

  Host& host_;
  Intake& intake_;
  const Targets& targets_;
  Tracker& tracker_;
  Counters& counters_;
  const std::string& mount_root_;
  bool may_have_overlooked_ = false;
};

}  // namespace netclsd
