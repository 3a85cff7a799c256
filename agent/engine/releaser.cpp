#include "agent/engine/releaser.h"

#include "agent/engine/move_out.h"

namespace netclsd {

void Releaser::on_exit(Pid init) {
  Container* container = containers_.find_by_init(init);
  if (container == nullptr) return;
  check_init(*container);  // the number may be another container's init by now
}

Result<void> Releaser::release(const ContainerId& id, bool force) {
  Container* container = containers_.find(id);
  if (container == nullptr) return {};
  check_init(*container);
  if (force) {
    if (auto moved = move_out(*container); !moved) return moved;
    static_cast<void>(clean_up(container->registration));
    forget(container->number);
  }
  return {};
}

Result<void> Releaser::make_way(const ContainerId& id, Pid init) {
  on_exit(init);  // the end of the number's last owner may not have been told yet
  Container* container = containers_.find(id);
  if (container == nullptr) return {};
  check_init(*container);
  if (!container->has_init_ended) return {};
  static_cast<void>(remove_group(container->registration));  // who stays in it is taken over by who comes
  if (auto removed = remove_state(container->registration); !removed) return removed;
  forget(container->number);
  return {};
}

void Releaser::finish_ended() {
  for (const ContainerNumber number : containers_.numbers()) {
    if (containers_.find(number)->has_init_ended) try_finish(number);
  }
}

// The pidfd's message may still be on its way.
void Releaser::check_init(Container& container) {
  const ProcessKey& init = container.registration.init;
  if (host_.processes.start_time(init.pid) != init.start_time) containers_.note_ended(container);
}

void Releaser::try_finish(ContainerNumber number) {
  const Container& container = *containers_.find(number);
  if (has_live_process(container)) return;
  if (clean_up(container.registration)) forget(number);
}

bool Releaser::has_live_process(const Container& container) const {
  const auto inside = host_.net_cls.processes(container.registration.directory);
  if (!inside || !inside->empty()) return true;
  // Not placed yet, or moved out of the group by somebody.
  return tracker_.any_of(container.number, [&](Pid pid, const TrackedProcess& process) {
    const auto start = host_.processes.start_time(pid);
    return start && is_same_start(*start, process.start_time);
  });
}

Result<void> Releaser::move_out(const Container& container) {
  const std::string& directory = container.registration.directory;
  if (container.registration.is_adopted) return host_.net_cls.set_classid(directory, 0);
  const Container* outer = container.outer ? containers_.find(*container.outer) : nullptr;
  return move_all_out(host_.net_cls, directory, outer ? outer->registration.directory : "");
}

bool Releaser::clean_up(const Registration& registration) {
  return remove_group(registration) && remove_state(registration).has_value();
}

bool Releaser::remove_group(const Registration& registration) {
  if (registration.is_adopted) return true;
  const auto removed = host_.net_cls.remove(registration.directory);
  if (!removed) host_.reporter.problem("group_not_removed", registration.id.text(), removed.error());
  return !removed || *removed != RemoveOutcome::kNotEmpty;  // a task that ends still counts
}

Result<void> Releaser::remove_state(const Registration& registration) {
  auto removed = host_.store.remove(registration.id);
  if (!removed) host_.reporter.problem("state_not_removed", registration.id.text(), removed.error());
  return removed;
}

void Releaser::forget(ContainerNumber number) {
  const Registration registration = containers_.find(number)->registration;
  const Container* watched = containers_.find_by_init(registration.init.pid);
  if (watched != nullptr && watched->number == number) host_.exits.forget(registration.init.pid);
  tracker_.forget_container(number);
  containers_.remove(number);
  host_.reporter.released(registration.id);
}

}  // namespace netclsd
