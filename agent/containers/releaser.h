// Letting a container go: when its init has ended and its group is empty. poststop may come late, twice or never, so it
// is only a hint. Only groups that we made are removed. Loop thread only.
#pragma once

#include <vector>

#include "agent/containers/containers.h"
#include "agent/containers/containers_host.h"
#include "agent/placing/groups.h"
#include "agent/placing/mover.h"

namespace netclsd {

class Releaser {
 public:
  Releaser(ContainersHost& host, Intake& intake, Containers& containers, Tracker& tracker, Mover& mover, Groups& groups,
           Counters& counters)
      : host_(host),
        intake_(intake),
        containers_(containers),
        tracker_(tracker),
        mover_(mover),
        groups_(groups),
        counters_(counters) {}

  // finish_ended() releases it.
  void on_exit(Pid init);

  // After a sweep: learns of the inits that have ended without having been reported. Cheap for those that the sweep
  // saw.
  void check_inits();

  // A hint only makes sure that an ended init is noticed; with `force` the processes of a live container are moved out,
  // to the container around it or to the hierarchy's root, and it is released. Unknown ids are fine.
  [[nodiscard]] Result<void> release(const ContainerId& id, bool force);

  // Before a registration: releases an earlier container of that id whose init has ended, and learns of the end of
  // one whose init had that pid. Fails if the earlier one's state file cannot be removed: it must not outlive it.
  [[nodiscard]] Result<void> make_way(const ContainerId& id, Pid init);

  // Releases those whose last process has ended: the group is empty, no process that is known of it lives, and none is
  // in its cgroup. One that is there is placed. Call when every event that has arrived is dealt with: a process that
  // was exec'd into a container may be known by its event alone.
  void finish_ended();

 private:
  [[nodiscard]] bool has_known_process(const Container& container) const;
  [[nodiscard]] bool has_process_in_groups(const Target& target) const;
  // `all` is read when it is first needed, since it costs a look at every process of the host.
  [[nodiscard]] bool has_process_at_path(const Container& container, std::optional<Snapshot>& all);
  [[nodiscard]] std::optional<std::vector<Pid>> processes_at_path(const MembershipPath& membership,
                                                                  std::optional<Snapshot>& all);
  [[nodiscard]] Result<void> move_out(const Container& container);
  // Removes its group and its state file. False: not yet.
  [[nodiscard]] bool clean_up(const Container& container);
  [[nodiscard]] bool remove_group(const Container& container);
  [[nodiscard]] Result<void> remove_state(const ContainerId& id);
  void forget(const Container& container);
  void check_init(const Container& container);

  ContainersHost& host_;
  Intake& intake_;
  Containers& containers_;
  Tracker& tracker_;
  Mover& mover_;
  Groups& groups_;
  Counters& counters_;
};

}  // namespace netclsd
