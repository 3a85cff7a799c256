// Examines processes that events pointed at, one after the other, and moves those that are not where they belong: the
// one place that writes a running process's pid into a group. Loop thread only.
//
// Just before each write /proc/PID/cgroup is read once: it tells whether the process is placed already (a needless
// write may wait for an RCU grace period and hold up every container creation on the node), and whether the number is
// still that of a member. Between that look and the write the events that have arrived are read: the process's own fork
// is among them, since it is queued before the process first runs.
#pragma once

#include <deque>
#include <utility>

#include "agent/engine/containers.h"
#include "agent/engine/counters.h"
#include "agent/engine/host.h"

namespace netclsd {

enum class MoveOutcome { kNotNeeded, kMoved, kGone, kFailed };

class Mover {
 public:
  static constexpr std::size_t kQueueMax = 262'144;  // above it examining all of /proc is cheaper

  // `sink` gets the events that are read between look and write.
  Mover(Host& host, EventSink& sink, Containers& containers, Tracker& tracker, Counters& counters)
      : host_(host), sink_(sink), containers_(containers), tracker_(tracker), counters_(counters) {}

  // False when the queue is full: the caller must sweep.
  [[nodiscard]] bool enqueue(const Examine& examine);
  [[nodiscard]] bool is_idle() const { return queue_.empty(); }
  MoveOutcome examine_next();

  MoveOutcome examine(const Examine& examine);
  // Without looking first; the process is in the tracker. For init at registration, whose start time was compared.
  [[nodiscard]] Result<MoveOutcome> place(Pid pid, ContainerNumber container, const Examine& why);

  // Out of our groups, to the hierarchy's root: it is nobody's. False if the kernel refused.
  bool expel(Pid pid);
  // True once after a move failed because its group was gone: a sweep makes it anew.
  [[nodiscard]] bool take_lost_group() { return std::exchange(has_lost_group_, false); }
  // True once after a process was placed that may have had children before, or was gone when it was looked at: of those
  // that call their grandparent parent no event told whose they are.
  [[nodiscard]] bool take_overlooked() { return std::exchange(may_have_overlooked_, false); }

 private:
  MoveOutcome note_gone(const Examine& examine);
  MoveOutcome note_placed(const Examine& examine, ContainerNumber container);
  MoveOutcome look_again_and_attach(const Examine& examine);
  MoveOutcome attach(const Examine& examine, const Attach& attach, const ProcessFacts& facts);
  [[nodiscard]] bool is_still(Pid pid, StartTime start_time);
  MoveOutcome put_back(Pid pid);
  void learn_group_path(ContainerNumber number, Pid placed);
  void count_move(const Examine& why, MonotonicTime done_at);
  void count_failure(const Error& error);

  Host& host_;
  EventSink& sink_;
  Containers& containers_;
  Tracker& tracker_;
  Counters& counters_;
  std::deque<Examine> queue_;
  bool has_lost_group_ = false;
  bool may_have_overlooked_ = false;
};

}  // namespace netclsd
