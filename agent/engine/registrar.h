// Taking a container in: its class is what admission says; choose path and group, place init, remember it. If init
// cannot be placed nothing stays behind; if only the state file cannot be written, the registration holds and is
// written later. Loop thread only.
#pragma once

#include <set>
#include <string>

#include "agent/engine/admission.h"
#include "agent/engine/engine_options.h"
#include "agent/engine/mover.h"

namespace netclsd {

struct Registered {
  ContainerNumber number;
  bool is_new = false;
};

class Registrar {
 public:
  Registrar(Host& host, const EngineOptions& options, Containers& containers, Tracker& tracker, Mover& mover,
            Admission& admission)
      : host_(host),
        options_(options),
        containers_(containers),
        tracker_(tracker),
        mover_(mover),
        admission_(admission) {}

  // std::nullopt: no class applies. kForbidden: the policy refuses, which is noted, and a registration that was there
  // before stays as it is. kConflict: the pid is gone (with ESRCH) or not the process the caller saw.
  // An id whose init has ended must have been released before (Releaser::make_way).
  [[nodiscard]] Result<std::optional<Registered>> add(const ContainerId& id, const RegisterRequest& request);

  // The process that a request names. kConflict: it is gone (with ESRCH), or another one than the caller saw.
  [[nodiscard]] Result<ProcessFacts> find_process(const RegisterRequest& request);

  void keep_unkept();
  [[nodiscard]] const std::string& not_kept_because() const { return not_kept_because_; }

  // Brings init into the container's group and learns how that group looks from here. Also used by recovery.
  [[nodiscard]] Result<void> place_init(ContainerNumber number, const ProcessFacts& init);

 private:
  [[nodiscard]] Result<Registered> confirm(Container& known, const RegisterRequest& request, const Admitted& admitted);
  [[nodiscard]] Result<void> reclassify(Container& known, const Admitted& admitted);
  [[nodiscard]] Result<ProcessFacts> identify(const RegisterRequest& request);
  [[nodiscard]] Result<Registered> create(const ContainerId& id, const RegisterRequest& request,
                                          const Admitted& admitted);
  [[nodiscard]] Result<Registered> settle(ContainerNumber number, const ProcessFacts& init, const Snapshot& snapshot);
  void keep(const Registration& registration);
  [[nodiscard]] Result<void> save(const Registration& registration);
  [[nodiscard]] Result<Snapshot> look_around(const RegisterRequest& request, const ProcessFacts& init,
                                             const ProcessFacts& agent);
  [[nodiscard]] std::optional<Snapshot> look_near(const ProcessFacts& init, const ProcessFacts& agent);
  [[nodiscard]] ProcessFacts facts_of_agent();
  void note_namespaces(Snapshot& snapshot, const ProcessFacts& init);
  void enclose(ContainerNumber number, const Snapshot& snapshot);
  void take_over_members(ContainerNumber number, const Snapshot& snapshot);
  [[nodiscard]] std::optional<ContainerNumber> owner_of(Pid pid, const Snapshot& snapshot) const;
  void undo(ContainerNumber number);  // but for the group: Engine removes it

  Host& host_;
  const EngineOptions& options_;
  Containers& containers_;
  Tracker& tracker_;
  Mover& mover_;
  Admission& admission_;
  std::set<ContainerId> unkept_;  // registered, but not written down
  std::string not_kept_because_;
};

}  // namespace netclsd
