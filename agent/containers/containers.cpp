#include "agent/containers/containers.h"

#include <utility>

#include "common/base/error.h"

namespace netclsd {

Registration registration_of(const Container& container) {
  const Target& target = container.target;
  return {.id = container.id,
          .init = target.init,
          .choice = target.choice,
          .source = container.source,
          .directory = target.directory,
          .is_adopted = target.is_adopted,
          .membership = target.membership,
          .registered_at = container.registered_at,
          .verdict = container.verdict};
}

TargetNumber Containers::add(Registration registration, std::optional<TargetNumber> outer, bool has_init_ended) {
  CHECK(!by_id_.contains(registration.id));
  const TargetNumber number = targets_.add({.owner = registration.id.text(),
                                            .choice = std::move(registration.choice),
                                            .directory = std::move(registration.directory),
                                            .is_adopted = registration.is_adopted,
                                            .membership = std::move(registration.membership),
                                            .outer = outer,
                                            .init = registration.init,
                                            .has_init_ended = has_init_ended});
  by_id_.emplace(registration.id, number);
  containers_.emplace(number, Container{.number = number,
                                        .target = targets_.at(number),
                                        .id = std::move(registration.id),
                                        .source = registration.source,
                                        .registered_at = registration.registered_at,
                                        .verdict = std::move(registration.verdict)});
  return number;
}

void Containers::remove(TargetNumber number) {
  const auto found = containers_.find(number);
  if (found == containers_.end()) return;
  by_id_.erase(found->second.id);
  containers_.erase(found);  // before what it refers to
  targets_.remove(number);
}

void Containers::change(TargetNumber number, ClassChoice choice, PodVerdict verdict) {
  containers_.at(number).verdict = std::move(verdict);
  targets_.set_class(number, std::move(choice));
}

const Container* Containers::find(TargetNumber number) const {
  const auto found = containers_.find(number);
  return found == containers_.end() ? nullptr : &found->second;
}

const Container* Containers::find(const ContainerId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : find(found->second);
}

const Container* Containers::find_by_init(Pid pid) const {
  const auto number = targets_.find_by_init(pid);
  return number ? find(*number) : nullptr;
}

const Container* Containers::find_other_holder(const ContainerId& id, ClassId classid,
                                               const std::string& pod_namespace) const {
  for (const auto& [number, other] : containers_) {
    const auto& its_namespace = other.verdict.pod_namespace;
    const bool is_elsewhere = its_namespace && *its_namespace != pod_namespace;
    if (other.target.choice.classid == classid && is_elsewhere && other.id != id) return &other;
  }
  return nullptr;
}

std::vector<TargetNumber> Containers::numbers() const {
  std::vector<TargetNumber> numbers;
  numbers.reserve(by_id_.size());
  for (const auto& [id, number] : by_id_) numbers.push_back(number);
  return numbers;
}

const Container* Containers::next_after(const std::optional<ContainerId>& id) const {
  const auto next = id ? by_id_.upper_bound(*id) : by_id_.begin();
  return next == by_id_.end() ? nullptr : find(next->second);
}

}  // namespace netclsd
