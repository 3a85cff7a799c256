// Examines processes that events pointed at, one after the other, and moves those that are not where they belong: the
// one place that writes a running process's pid into a group. Loop thread only.
//
// Just before each write /proc/PID/cgroup is read once: it tells whether the process is placed already (a needless
// write may wait for an RCU grace period and hold up every container creation on the node), and whether the number is
// still that of a member.
#pragma once

#include <deque>

#include "agent/engine/containers.h"
#include "agent/engine/counters.h"
#include "agent/engine/host.h"

namespace netclsd {

enum class MoveOutcome { kNotNeeded, kMoved, kGone, kFailed };

class Mover {
 public:
  static constexpr std::size_t kQueueMax = 262'144;  // above it examining all of /proc is cheaper

  Mover(Host& host, Containers& containers, Tracker& tracker, Counters& counters)
      : host_(host), containers_(containers), tracker_(tracker), counters_(counters) {}

  // False when the queue is full: the caller must sweep.
  [[nodiscard]] bool enqueue(const Examine& examine);
  [[nodiscard]] bool is_idle() const { return queue_.empty(); }
  MoveOutcome examine_next();

  MoveOutcome examine(const Examine& examine);
  // Without looking first. For init at registration, which nobody could have replaced: its start time was compared.
  [[nodiscard]] Result<MoveOutcome> place(Pid pid, ContainerNumber container, const Examine& why);

 private:
  MoveOutcome note_placed(const Examine& examine, ContainerNumber container);
  MoveOutcome attach(const Examine& examine, const Attach& attach);
  [[nodiscard]] bool is_the_forked_process(Pid pid);
  void count_move(const Examine& why, MonotonicTime done_at);
  void count_failure(const Error& error);

  Host& host_;
  Containers& containers_;
  Tracker& tracker_;
  Counters& counters_;
  std::deque<Examine> queue_;
};

}  // namespace netclsd
