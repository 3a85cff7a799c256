#include "agent/containers/registrar.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/containers/source.h"
#include "agent/membership/sweep_plan.h"
#include "agent/placing/snapshot.h"
#include "common/base/fault_point.h"

namespace netclsd {
namespace {

Failure process_gone(Pid pid) {
  return Failure(Error(ErrorCode::kConflict, "pid " + to_string(pid) + " is gone", ESRCH));
}

Failure another_process(Pid pid) {
  return failure(ErrorCode::kConflict,
                 "pid " + to_string(pid) + " is not the process that was seen: its start time differs");
}

}  // namespace

Result<std::optional<Registered>> Registrar::add(const ContainerId& id, const RegisterRequest& request) {
  auto admitted = admission_.admit(id, request);
  if (!admitted) return pass_on(admitted.error());
  const Container* known = containers_.find(id);
  if (!*admitted && !known) return std::nullopt;
  if (!*admitted) return Registered{.number = known->number, .is_new = false};  // it keeps the class it has
  auto registered = known ? confirm(*known, request, **admitted) : create(id, request, **admitted);
  if (!registered) return pass_on(registered.error());
  admission_.forget_earlier_refusal(id, **admitted);
  return *registered;
}

Result<Registered> Registrar::confirm(const Container& known, const RegisterRequest& request,
                                      const Admitted& admitted) {
  const ProcessKey& init = known.target.init;
  const bool is_same = init.pid == request.pid && (!request.start_time || *request.start_time == init.start_time);
  if (!is_same) {
    return failure(ErrorCode::kConflict,
                   "the container is registered with init pid " + to_string(init.pid) + ", which is alive");
  }
  if (auto changed = reclassify(known, admitted); !changed) return pass_on(changed.error());
  return Registered{.number = known.number, .is_new = false};
}

Result<void> Registrar::reclassify(const Container& known, const Admitted& admitted) {
  PodVerdict verdict = known.verdict;
  verdict.rule = admitted.verdict.rule;
  verdict.refused_because.clear();
  if (!verdict.pod_namespace) {  // whose it is never changes, but an older version did not keep it
    verdict.pod_namespace = admitted.verdict.pod_namespace;
    verdict.pod = admitted.verdict.pod;
  }
  if (known.target.choice == admitted.choice && known.verdict == verdict) return {};
  Target changed = known.target;
  changed.choice = admitted.choice;
  if (auto written = groups_.write_class(changed); !written) return pass_on(written.error());
  containers_.change(known.number, admitted.choice, std::move(verdict));
  return {};
}

Result<ProcessFacts> Registrar::find_process(const RegisterRequest& request) {
  auto process = host_.processes.look_at(request.pid);
  if (!process) return failure(ErrorCode::kUnavailable, process.error().message());
  if (!*process) return process_gone(request.pid);
  if (request.start_time && *request.start_time != (*process)->start_time) return another_process(request.pid);
  return std::move(**process);
}

Result<ProcessFacts> Registrar::identify(const RegisterRequest& request) {
  if (const auto fault = fault_at(FaultPoint::kRegisterIdentify)) return system_failure(*fault, "look at init");
  auto init = find_process(request);
  if (!init) return init;
  // The number of an init that has ended may be given away before its last process ends.
  const Container* other = containers_.find_by_init(request.pid);
  if (other != nullptr && !other->target.has_init_ended) {
    return failure(ErrorCode::kConflict,
                   "pid " + to_string(request.pid) + " is the init of container " + other->id.text());
  }
  return init;
}

Result<Registered> Registrar::create(const ContainerId& id, const RegisterRequest& request, const Admitted& admitted) {
  if (containers_.size() >= Containers::kContainersMax) {
    return failure(ErrorCode::kUnavailable, std::to_string(Containers::kContainersMax) + " containers are registered");
  }
  auto init = identify(request);
  if (!init) return pass_on(init.error());
  // Before anything is begun: whoever asks mounts it, and asks again. Not for an init that has ended.
  if (auto ready = host_.net_cls.expect_ready(options_.place.parent); !ready) return pass_on(ready.error());
  // After its first instruction init may have children. Those that left its path are left to a sweep.
  const bool is_new = is_before_first_instruction(request);
  auto around = finder_.look_around(*init, is_new ? PathFinder::Wanted::kPath : PathFinder::Wanted::kMembers);
  if (!around) return pass_on(around.error());
  const Snapshot& snapshot = around->processes;
  const GroupChoice group = choose_group(id.text(), around->init, snapshot, around->agent, targets_, options_.place);
  Registration registration{.id = id,
                            .init = {init->pid, init->start_time},
                            .choice = admitted.choice,
                            .source = request.source,
                            .directory = group.directory,
                            .is_adopted = group.is_adopted,
                            .membership = std::move(around->path),
                            .registered_at = host_.clock.wall(),
                            .verdict = admitted.verdict};
  const auto outer = owner_of(init->pid, snapshot);
  auto settled = settle(containers_.add(std::move(registration), outer), *init, snapshot);
  if (!settled || is_new) return settled;
  tag_sockets_later(settled->number);  // before its first instruction nobody listens
  intake_.debt().note_late_registration(host_.clock.monotonic());
  return settled;
}

void Registrar::look_for_path_later(PathSearch search) {
  search.due = host_.clock.monotonic() + search.pause;
  search.pause = std::min(2 * search.pause, kPathSearchPauseMax);
  searches_.push_back(std::move(search));
}

void Registrar::look_for_paths() {
  const MonotonicTime now = host_.clock.monotonic();
  std::size_t looks = 0;
  for (std::size_t left = searches_.size(); left > 0 && looks < kPathSearchesMax; --left) {
    PathSearch search = std::move(searches_.front());
    searches_.pop_front();
    if (search.due > now) {
      searches_.push_back(std::move(search));
      continue;
    }
    ++looks;
    if (look_for_path(search) == Search::kGoesOn) look_for_path_later(std::move(search));
  }
}

Registrar::Search Registrar::look_for_path(PathSearch& search) {
  const Target* target = targets_.find(search.number);
  if (target == nullptr || target->membership) return Search::kIsOver;
  const ProcessKey init = target->init;
  const auto facts = host_.processes.look_at(init.pid);
  if (!facts) return Search::kGoesOn;
  if (!*facts || (*facts)->start_time != init.start_time) return Search::kIsOver;
  // CRIU moves what it restores once more, after the hook.
  has_lost_init_ |= !targets_.is_placed(search.number, (*facts)->cgroups);
  const auto around = finder_.look_around(**facts, PathFinder::Wanted::kPath);
  if (!around) return Search::kGoesOn;
  if (around->path && is_claimed(*around->path)) return Search::kGoesOn;
  // Who shared it may be a daemon that is just being started anew.
  if (around->path && !std::exchange(search.was_alone, true)) {
    search.pause = kPathSearchConfirm;
    return Search::kGoesOn;
  }
  if (around->path) {
    take_path(search.number, *around);
    return Search::kIsOver;
  }
  search.was_alone = false;
  auto sharing = judge_sharing(around->init, around->processes, around->agent, search.seen);
  search.seen = std::move(sharing.with);
  return sharing.is_for_good ? Search::kIsOver : Search::kGoesOn;
}

// A container that has ended may have left its path to one inside of it.
bool Registrar::is_claimed(const MembershipPath& path) const {
  const auto owner = targets_.by_path(CgroupPaths{{{path.hierarchy, path.path}}});
  return owner && targets_.at(*owner).membership == path;
}

void Registrar::take_path(TargetNumber number, const Surroundings& around) {
  const MembershipPath& path = *around.path;
  targets_.set_membership(number, path);
  enclose(number, around.processes);
  for (const ProcessFacts& process : around.processes) {
    const std::string* where = process.cgroups.find(path.hierarchy);
    if (where == nullptr || !is_within(*where, path.path)) continue;
    mover_.examine({process.pid, JoinCause::kRegister, host_.clock.monotonic()});
  }
}

// It is written down first: if the agent crashes before the end, the next one finishes what was begun.
Result<Registered> Registrar::settle(TargetNumber number, const ProcessFacts& init, const Snapshot& snapshot) {
  const Registration registration = registration_of(*containers_.find(number));
  const auto classid_before = host_.net_cls.classid(registration.directory);
  keeper_.keep(registration);
  auto placed = place_init(number, init);
  if (!placed) {
    undo(number, init, classid_before ? std::optional(*classid_before) : std::nullopt);
    return pass_on(placed.error());
  }
  enclose(number, snapshot);
  take_over_members(number, snapshot);
  host_.container_reporter.registered(registration);
  return Registered{.number = number, .is_new = true};
}

Result<void> Registrar::place_init(TargetNumber number, const ProcessFacts& init) {
  const Target& target = targets_.at(number);
  if (!target.membership) look_for_path_later({.number = number, .seen = {}});
  targets_.set_reaper(number, host_.processes.namespaces(init.pid).is_reaper);
  if (const auto fault = fault_at(FaultPoint::kRegisterGroup)) return system_failure(*fault, "prepare its group");
  const bool is_in_group = targets_.is_placed(number, init.cgroups);
  const MonotonicTime now = host_.clock.monotonic();
  // Before the first write: each may drain, and what init forks must find it.
  tracker_.put(init.pid, {number, init.start_time, now, is_in_group ? now : kNotPlaced, JoinCause::kRegister});
  // The class first: nobody is ever seen in the group without it.
  if (auto prepared = groups_.prepare(target); !prepared) return pass_on(prepared.error());
  if (const auto fault = fault_at(FaultPoint::kRegisterPlace)) return system_failure(*fault, "place init");
  if (!is_in_group) {
    auto moved = mover_.place(init.pid, number, {init.pid, JoinCause::kRegister, now});
    if (!moved) return pass_on(moved.error());
  }
  if (const auto fault = fault_at(FaultPoint::kRegisterWatch)) return system_failure(*fault, "watch init");
  const auto watched = host_.exits.watch(init.pid);
  if (!watched) return pass_on(watched.error());
  const auto seen = host_.processes.look_at(init.pid);
  if (!seen) return failure(ErrorCode::kUnavailable, seen.error().message());
  if (!*watched || !*seen || (*seen)->start_time != init.start_time) return process_gone(init.pid);
  return {};
}

// Containers inside of this one may have been registered before it, from a hook that was answered sooner.
void Registrar::enclose(TargetNumber number, const Snapshot& snapshot) {
  const Target& outer = targets_.at(number);
  std::vector<Pid> inits;
  for (const ProcessFacts& process : snapshot) {
    const auto other = targets_.find_by_init(process.pid);
    if (!other || other == number || targets_.at(*other).outer != outer.outer) continue;
    if (targets_.at(*other).init.start_time == process.start_time) inits.push_back(process.pid);
  }
  for (const Pid init : find_inside(inits, outer.init.pid, outer.membership, snapshot)) {
    targets_.set_outer(*targets_.find_by_init(init), number);
  }
}

void Registrar::tag_sockets_later(TargetNumber number) {
  if (to_tag_again_.back().size() >= kTagsWaitingMax) return;  // the last is the longest
  const MonotonicTime now = host_.clock.monotonic();
  for (std::size_t i = 0; i < kTagAgainAfter.size(); ++i) to_tag_again_[i].push_back({number, now + kTagAgainAfter[i]});
}

void Registrar::tag_sockets_again() {
  const MonotonicTime now = host_.clock.monotonic();
  std::size_t tags_left = kTagsPerSecond;
  for (auto& waiting : to_tag_again_) {
    for (; !waiting.empty() && waiting.front().due <= now && tags_left > 0; waiting.pop_front()) {
      const Target* target = targets_.find(waiting.front().number);
      if (target == nullptr || target->has_init_ended) continue;
      --tags_left;
      const auto tagged = groups_.tag_sockets_again(*target);
      if (!tagged && tagged.error().code() != ErrorCode::kNotFound) {
        host_.reporter.problem("sockets_not_tagged_again", target->owner, tagged.error());
      }
    }
  }
}

void Registrar::take_over_members(TargetNumber number, const Snapshot& snapshot) {
  const MonotonicTime now = host_.clock.monotonic();
  const Pid init = targets_.at(number).init.pid;
  for (const Member& member : find_members(snapshot, targets_.inits(), targets_, tracker_)) {
    if (member.target != number || member.pid == init) continue;
    tracker_.put(member.pid,
                 {number, member.start_time, now, member.is_placed ? now : kNotPlaced, JoinCause::kRegister});
    if (!member.is_placed) intake_.enqueue({member.pid, JoinCause::kRegister, now});
  }
}

std::optional<TargetNumber> Registrar::owner_of(Pid pid, const Snapshot& snapshot) const {
  for (const Member& member : find_members(snapshot, targets_.inits(), targets_, tracker_)) {
    if (member.pid == pid) return member.target;
  }
  return std::nullopt;
}

// The runtime's own group stays: it shall be as it was found, unless somebody else has written it since.
void Registrar::put_class_back(const Target& failed, std::uint32_t before) {
  if (auto written = groups_.replace_class(failed, before); !written) {
    host_.reporter.problem("classid_not_put_back", failed.owner, written.error());
  }
}

void Registrar::undo(TargetNumber number, const ProcessFacts& init, std::optional<std::uint32_t> classid_before) {
  const Target target = targets_.at(number);
  const ContainerId id = containers_.find(number)->id;
  if (target.is_adopted && classid_before) put_class_back(target, *classid_before);
  containers_.remove(number);
  keeper_.forget(id);
  // Where init was before; if the hook had placed it there already, it stays.
  const std::string* path = init.cgroups.net_cls();
  const auto origin = path ? relative_path(options_.place.mount_root, *path) : std::nullopt;
  if (target.is_adopted || origin == target.directory) return;
  if (auto moved = groups_.move_all_out(target.directory, origin.value_or("")); !moved) {
    host_.reporter.problem("placement_not_undone", id.text(), moved.error());
  }
}

}  // namespace netclsd
