// The registered containers. Each owns one target: what is tracked of it is there, and the rest is here. Loop thread
// only.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/containers/registration.h"
#include "agent/membership/targets.h"

namespace netclsd {

struct Container {
  TargetNumber number;
  const Target& target;
  ContainerId id;
  RegistrationSource source;
  WallTime registered_at;
  PodVerdict verdict;
};

[[nodiscard]] Registration registration_of(const Container& container);

class Containers {
 public:
  static constexpr std::size_t kContainersMax = 100'000;

  // `targets` outlives the containers.
  explicit Containers(Targets& targets) : targets_(targets) {}

  TargetNumber add(Registration registration, std::optional<TargetNumber> outer, bool has_init_ended = false);
  void remove(TargetNumber number);
  void change(TargetNumber number, ClassChoice choice, PodVerdict verdict);

  [[nodiscard]] const Container* find(TargetNumber number) const;
  [[nodiscard]] const Container* find(const ContainerId& id) const;
  [[nodiscard]] const Container* find_by_init(Pid pid) const;

  // A container of another namespace than this, and with another id, in that class. Looks at all of them.
  [[nodiscard]] const Container* find_other_holder(const ContainerId& id, ClassId classid,
                                                   const std::string& pod_namespace) const;

  [[nodiscard]] std::vector<TargetNumber> numbers() const;  // by id
  // The one whose id follows, or the first.
  [[nodiscard]] const Container* next_after(const std::optional<ContainerId>& id) const;
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  [[nodiscard]] Targets& targets() const { return targets_; }

 private:
  Targets& targets_;
  std::map<TargetNumber, Container> containers_;
  std::map<ContainerId, TargetNumber> by_id_;
};

}  // namespace netclsd
