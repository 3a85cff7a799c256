// The registered containers. Keeps what core needs for deciding (Claims) in step. Loop thread only.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "agent/core/claims.h"
#include "agent/core/sweep_plan.h"
#include "agent/engine/class_counts.h"
#include "agent/engine/registration.h"

namespace netclsd {

struct Container {
  ContainerNumber number;
  Registration registration;
  std::string group_path;  // of the group, as this agent reads it in /proc/PID/cgroup; empty until init is placed
  std::optional<ContainerNumber> outer;
  bool has_init_ended = false;  // set by Containers::note_ended() alone
};

class Containers {
 public:
  static constexpr std::size_t kContainersMax = 100'000;

  ContainerNumber add(Registration registration, std::optional<ContainerNumber> outer);
  // Its init has ended already: the number may be another container's init by now.
  ContainerNumber add_ended(Registration registration, std::optional<ContainerNumber> outer);
  void remove(ContainerNumber number);  // containers inside it are then inside of its outer one
  void change(ContainerNumber number, Registration registration);  // of the same id and init, with another class
  void set_group_path(ContainerNumber number, std::string group_path);
  void set_outer(ContainerNumber number, std::optional<ContainerNumber> outer);
  void note_ended(Container& container);  // its init

  [[nodiscard]] Container* find(ContainerNumber number);
  [[nodiscard]] Container* find(const ContainerId& id);
  [[nodiscard]] Container* find_by_init(Pid pid);

  // A registration of another namespace than this, and of another container, with that class. Looks at all of them.
  [[nodiscard]] const Registration* find_other_holder(const ContainerId& id, ClassId classid,
                                                      const std::string& pod_namespace) const;

  [[nodiscard]] std::vector<Init> inits() const;
  [[nodiscard]] std::vector<ContainerNumber> numbers() const;  // by id
  [[nodiscard]] const Claims& claims() const { return claims_; }
  [[nodiscard]] const ClassCounts& classes() const { return classes_; }
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  [[nodiscard]] bool has_ended() const { return ended_ > 0; }  // one whose init has ended

 private:
  Container& emplace(Registration registration, std::optional<ContainerNumber> outer);
  void update_claim(const Container& container);

  std::uint32_t last_number_ = 0;
  std::size_t ended_ = 0;
  std::map<ContainerNumber, Container> containers_;
  std::map<ContainerId, ContainerNumber> by_id_;
  std::unordered_map<Pid, ContainerNumber> by_init_;
  Claims claims_;
  ClassCounts classes_;
};

}  // namespace netclsd
