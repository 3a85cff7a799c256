#include "agent/containers/refusals.h"

#include <algorithm>
#include <utility>

#include "agent/placing/snapshot.h"

namespace netclsd {
namespace {

constexpr int kAncestorsOfRefusedMax = 64;  // of a process that somebody asks about

}  // namespace

void Refusals::note(Refused refused) {
  forget(refused.id);
  counters_.policy_refusals[refused.refusal.reason].add();
  refused.at = host_.clock.monotonic();
  if (refused.init.start_time == StartTime{}) {  // the caller takes the process that is there
    refused.init.start_time = host_.processes.start_time(refused.init.pid).value_or(StartTime{});
  }
  host_.container_reporter.refused(refused);
  if (latest_.size() >= kRefusalsMax) latest_.pop_front();
  latest_.push_back(std::move(refused));
}

void Refusals::forget(const ContainerId& id) {
  std::erase_if(latest_, [&](const Refused& refused) { return refused.id == id; });
}

const Refused* Refusals::find(const ContainerId& id) const {
  const auto found = std::find_if(latest_.rbegin(), latest_.rend(), [&](const Refused& one) { return one.id == id; });
  return found == latest_.rend() ? nullptr : &*found;
}

const Refused* Refusals::find_by_process(Pid pid) {
  for (int i = 0; i < kAncestorsOfRefusedMax && pid.value > 1 && !latest_.empty(); ++i) {
    const auto facts = host_.processes.facts(pid);
    if (!facts) return nullptr;
    const ProcessKey key{pid, facts->start_time};
    const auto found =
        std::find_if(latest_.rbegin(), latest_.rend(), [&](const Refused& one) { return one.init == key; });
    if (found != latest_.rend()) return &*found;
    pid = facts->parent;
  }
  return nullptr;
}

Result<void> Refusals::undo_placement(const ContainerId& id) {
  const Refused* refused = find(id);
  return refused == nullptr ? Result<void>() : undo(*refused);
}

void Refusals::undo_late_placements() {
  const MonotonicTime since = host_.clock.monotonic() - kHookMax;
  for (auto refused = latest_.rbegin(); refused != latest_.rend() && refused->at >= since; ++refused) {
    if (auto undone = undo(*refused); !undone) {
      host_.reporter.problem("refused_placement_not_undone", refused->id.text(), undone.error());
    }
  }
}

Result<void> Refusals::undo(const Refused& refused) {
  if (const Container* container = containers_.find(refused.id)) return restore(*container);
  const auto init = host_.processes.facts(refused.init.pid);
  if (!init || init->start_time != refused.init.start_time || !init->cgroups.net_cls()) return {};
  const auto directory = relative_path(options_.place.mount_root, *init->cgroups.net_cls());
  if (!directory || directory->empty()) return {};
  for (const std::string& parent : {options_.place.parent, options_.place.hook_parent}) {
    if (*directory != parent + "/" + refused.id.text()) continue;
    if (auto moved = groups_.move_all_out(*directory, refuge_of(*init)); !moved) return moved;
    static_cast<void>(host_.net_cls.remove(*directory));
    return {};
  }
  return reset_classid(refused, *init, *directory);
}

// It has a class that it may have: the default class. A hook that gave up waiting for our answer gives what was asked
// for after us, by writing over the group's classid, or by placing init in a group of the hook's own.
Result<void> Refusals::restore(const Container& container) {
  const Target& target = container.target;
  if (target.has_init_ended) return {};  // the group may be another container's
  const auto classid = host_.net_cls.classid(target.directory);
  if (classid && *classid != target.choice.classid.raw()) {
    if (auto written = groups_.write_class(target); !written) return pass_on(written.error());
    counters_.groups_repaired.add();
  }
  const std::string of_hook = options_.place.hook_parent + "/" + target.owner;
  return of_hook == target.directory ? Result<void>() : empty_hooks_group(of_hook, target.directory);
}

Result<void> Refusals::empty_hooks_group(const std::string& of_hook, const std::string& refuge) {
  const auto inside = host_.net_cls.processes(of_hook);
  if (!inside) return pass_on(inside.error());
  if (auto moved = groups_.move_all_out(of_hook, refuge); !moved) return moved;
  counters_.strays_repaired.add(inside->size());
  static_cast<void>(host_.net_cls.remove(of_hook));
  return {};
}

// Only what it asked for is taken away: another classid there is the work of whoever made the group.
Result<void> Refusals::reset_classid(const Refused& refused, const ProcessFacts& init, const std::string& directory) {
  const auto classid = host_.net_cls.classid(directory);
  if (!classid || !refused.refusal.classid || *classid != refused.refusal.classid->raw()) return {};
  if (!is_own_group(refused, init, directory)) return {};
  return host_.net_cls.set_classid(directory, 0);
}

bool Refusals::is_own_group(const Refused& refused, const ProcessFacts& init, const std::string& directory) {
  const auto snapshot = take_snapshot(host_.processes);
  const auto agent = host_.processes.facts(options_.self);
  if (!snapshot || !agent) return false;
  const GroupChoice own =
      choose_group(refused.id.text(), init, *snapshot, *agent, containers_.targets(), options_.place);
  return own.is_adopted && own.directory == directory;
}

// The group of the registered container that it runs in, or else the hierarchy's root.
std::string Refusals::refuge_of(const ProcessFacts& init) {
  const auto outer = containers_.targets().by_path(init.cgroups);
  return outer ? containers_.targets().at(*outer).directory : "";
}

}  // namespace netclsd
