// Letting a container go: when its init has ended and its group is empty. poststop may come late, twice or never, so it
// is only a hint. Only groups that we made are removed. Loop thread only.
#pragma once

#include "agent/engine/mover.h"

namespace netclsd {

class Releaser {
 public:
  Releaser(Host& host, Containers& containers, Tracker& tracker)
      : host_(host), containers_(containers), tracker_(tracker) {}

  // It is let go of by finish_ended().
  void on_exit(Pid init);

  // A hint only makes sure that an ended init is noticed; with `force` the processes of a live container are moved out,
  // to the container around it or to the hierarchy's root, and it is let go of. Unknown ids are fine.
  [[nodiscard]] Result<void> release(const ContainerId& id, bool force);

  // Before a registration: lets go of an earlier container of that id whose init has ended, and learns of the end of
  // one whose init had that pid. Fails if the earlier one's state file cannot be removed: it must not outlive it.
  [[nodiscard]] Result<void> make_way(const ContainerId& id, Pid init);

  // Lets go of those whose last process has ended. Call when every event that has arrived is dealt with: who was exec'd
  // into a container may be known by its event alone.
  void finish_ended();

 private:
  void try_finish(ContainerNumber number);
  [[nodiscard]] bool has_live_process(const Container& container) const;
  [[nodiscard]] Result<void> move_out(const Container& container);
  // Removes its group and its state file. False: not yet.
  [[nodiscard]] bool clean_up(const Registration& registration);
  [[nodiscard]] bool remove_group(const Registration& registration);
  [[nodiscard]] Result<void> remove_state(const Registration& registration);
  void forget(ContainerNumber number);
  void check_init(Container& container);

  Host& host_;
  Containers& containers_;
  Tracker& tracker_;
};

}  // namespace netclsd
