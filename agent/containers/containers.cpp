#include "agent/containers/containers.h"

#include <utility>

#include "common/base/error.h"

namespace netclsd {

ContainerNumber Containers::add(Registration registration, std::optional<ContainerNumber> outer) {
  const Container& added = emplace(std::move(registration), outer);
  by_init_.insert_or_assign(added.registration.init.pid, added.number);
  return added.number;
}

ContainerNumber Containers::add_ended(Registration registration, std::optional<ContainerNumber> outer) {
  Container& added = emplace(std::move(registration), outer);
  note_ended(added);
  return added.number;
}

Container& Containers::emplace(Registration registration, std::optional<ContainerNumber> outer) {
  CHECK(!by_id_.contains(registration.id));
  const ContainerNumber number{++last_number_};
  by_id_.emplace(registration.id, number);
  classes_.add(registration.classid);
  const auto added = containers_.emplace(number, Container{number, std::move(registration), outer}).first;
  update_claim(added->second);
  return added->second;
}

void Containers::remove(ContainerNumber number) {
  const auto found = containers_.find(number);
  if (found == containers_.end()) return;
  const Registration& registration = found->second.registration;
  const auto init = by_init_.find(registration.init.pid);
  if (init != by_init_.end() && init->second == number) by_init_.erase(init);
  by_id_.erase(registration.id);
  classes_.remove(registration.classid);
  const auto outer = found->second.outer;
  if (claims_.has_inner(number)) {
    for (auto& [other, container] : containers_) {
      if (container.outer == number) set_outer(other, outer);
    }
  }
  claims_.remove(number);
  if (found->second.has_init_ended) --ended_;
  containers_.erase(found);
}

void Containers::change(ContainerNumber number, Registration registration) {
  Container* container = find(number);
  CHECK(container != nullptr && container->registration.init == registration.init);
  classes_.remove(container->registration.classid);
  classes_.add(registration.classid);
  container->registration = std::move(registration);
}

void Containers::give_group(ContainerNumber number, std::string directory) {
  Container* container = find(number);
  CHECK(container != nullptr);
  container->registration.directory = std::move(directory);
  container->registration.is_adopted = false;
  update_claim(*container);
}

void Containers::set_reaper(ContainerNumber number, bool is_reaper) {
  Container* container = find(number);
  CHECK(container != nullptr);
  container->is_reaper = is_reaper;
}

void Containers::set_membership(ContainerNumber number, MembershipPath membership) {
  Container* container = find(number);
  CHECK(container != nullptr);
  container->registration.membership = std::move(membership);
  update_claim(*container);
}

void Containers::set_outer(ContainerNumber number, std::optional<ContainerNumber> outer) {
  Container* container = find(number);
  CHECK(container != nullptr && number != outer);
  container->outer = outer;
  update_claim(*container);
}

void Containers::note_ended(Container& container) {
  if (!std::exchange(container.has_init_ended, true)) ++ended_;
}

Container* Containers::find(ContainerNumber number) {
  const auto found = containers_.find(number);
  return found == containers_.end() ? nullptr : &found->second;
}

Container* Containers::find(const ContainerId& id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : find(found->second);
}

Container* Containers::find_by_init(Pid pid) {
  const auto found = by_init_.find(pid);
  return found == by_init_.end() ? nullptr : find(found->second);
}

const Container* Containers::find_by_group(std::string_view directory) const {
  const auto number = claims_.by_group(join_paths(mount_root_, directory));
  return number ? &containers_.at(*number) : nullptr;
}

const Registration* Containers::find_other_holder(const ContainerId& id, ClassId classid,
                                                  const std::string& pod_namespace) const {
  for (const auto& [number, container] : containers_) {
    const Registration& other = container.registration;
    const bool is_elsewhere = other.pod_namespace && *other.pod_namespace != pod_namespace;
    if (other.classid == classid && is_elsewhere && other.id != id) return &other;
  }
  return nullptr;
}

std::vector<Init> Containers::inits() const {
  std::vector<Init> inits;
  inits.reserve(containers_.size());
  for (const auto& [number, container] : containers_)
    inits.push_back({number, container.registration.init, container.is_reaper});
  return inits;
}

std::vector<ContainerNumber> Containers::numbers() const {
  std::vector<ContainerNumber> numbers;
  numbers.reserve(by_id_.size());
  for (const auto& [id, number] : by_id_) numbers.push_back(number);
  return numbers;
}

std::optional<ContainerNumber> Containers::next_after(const std::optional<ContainerId>& id) const {
  const auto next = id ? by_id_.upper_bound(*id) : by_id_.begin();
  return next == by_id_.end() ? std::nullopt : std::optional(next->second);
}

void Containers::update_claim(const Container& container) {
  const Registration& registration = container.registration;
  claims_.set(container.number, {.membership = registration.membership,
                                 .group_path = join_paths(mount_root_, registration.directory),
                                 .is_adopted = registration.is_adopted,
                                 .outer = container.outer});
}

}  // namespace netclsd
