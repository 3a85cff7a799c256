#include "agent/containers/keeper.h"

#include "common/base/fault_point.h"

namespace netclsd {

void Keeper::keep(const Registration& registration) {
  const auto saved = save(registration);
  if (saved) return forget_unkept(registration.id);
  unkept_.insert(registration.id);
  not_kept_because_ = "registrations cannot be kept: " + saved.error().message();
  host_.reporter.problem("registration_not_kept", registration.id.text(), saved.error());
}

Result<void> Keeper::save(const Registration& registration) {
  if (const auto fault = fault_at(FaultPoint::kRegisterKeep)) return system_failure(*fault, "keep the registration");
  return host_.store.save(registration);
}

void Keeper::on_target_changed(TargetNumber number, const Target& /*before*/, const Target& /*now*/) {
  if (const Container* container = containers_.find(number)) keep(registration_of(*container));
}

void Keeper::forget(const ContainerId& id) {
  forget_unkept(id);
  remove(id);
}

void Keeper::remove(const ContainerId& id) {
  const auto removed = host_.store.remove(id);
  if (removed) unremoved_.erase(id);
  if (removed || unremoved_.size() >= Containers::kContainersMax) return;
  unremoved_.insert(id);
  host_.reporter.problem("state_not_removed", id.text(), removed.error());
}

void Keeper::forget_unkept(const ContainerId& id) {
  unkept_.erase(id);
  if (unkept_.empty()) not_kept_because_.clear();
}

void Keeper::try_again() {
  for (const ContainerId& id : std::set(unremoved_)) {
    if (containers_.find(id) == nullptr) remove(id);
    if (containers_.find(id) != nullptr) unremoved_.erase(id);  // it was registered anew, and its file is that one's
  }
  for (const ContainerId& id : std::set(unkept_)) {
    const Container* container = containers_.find(id);
    if (container != nullptr) keep(registration_of(*container));
    if (container == nullptr) forget_unkept(id);
  }
}

}  // namespace netclsd
