// Writes registrations down, and what changes of them, so that the next agent takes them up. One that cannot be written
// holds all the same, until this agent ends; it is tried again each second. So is the removal of what is not registered
// any more. Loop thread only.
#pragma once

#include <set>
#include <string>

#include "agent/containers/containers.h"
#include "agent/containers/containers_host.h"

namespace netclsd {

class Keeper : public TargetObserver {
 public:
  Keeper(ContainersHost& host, const Containers& containers) : host_(host), containers_(containers) {}

  void keep(const Registration& registration);
  // Its file must not outlive it: the next agent would take it up.
  void forget(const ContainerId& id);
  void try_again();
  void on_target_changed(TargetNumber number, const Target& before, const Target& now) override;
  // Why registrations are not kept; empty if all are.
  [[nodiscard]] const std::string& not_kept_because() const { return not_kept_because_; }

 private:
  [[nodiscard]] Result<void> save(const Registration& registration);
  void remove(const ContainerId& id);
  void forget_unkept(const ContainerId& id);

  ContainersHost& host_;
  const Containers& containers_;
  std::set<ContainerId> unkept_;     // registered, but not written down
  std::set<ContainerId> unremoved_;  // written down, but not registered any more
  std::string not_kept_because_;
};

}  // namespace netclsd
