#include "agent/engine/sweeper.h"

#include <algorithm>
#include <unordered_set>

#include "agent/engine/snapshot.h"

namespace netclsd {

Result<SweepReport> Sweeper::sweep(SweepCause cause, Foreigners foreigners) {
  const MonotonicTime began_at = host_.clock.monotonic();
  tracker_.set_boot_offset(host_.clock.boot_offset());
  repair_groups();
  tracker_.begin_reading();
  auto snapshot = take_snapshot(host_.processes, [this] { host_.events.drain(sink_); });
  host_.events.drain(sink_);  // forks of those that ended before we looked must still find their parents
  tracker_.end_reading(snapshot.has_value());
  if (!snapshot) return pass_on(snapshot.error(), "sweep");
  const auto members = find_members(*snapshot, containers_.inits(), containers_.claims(), tracker_);
  forget_others(*snapshot, members, began_at);
  remember(members, began_at, host_.clock.monotonic());
  if (foreigners == Foreigners::kMoveOut) {
    for (const Pid pid : find_foreigners(*snapshot, members, containers_.claims())) expel(pid);
  }
  SweepReport report{.processes_seen = snapshot->size(), .members = members.size()};
  place_strays(members, report);
  report.duration = std::chrono::duration_cast<std::chrono::microseconds>(host_.clock.monotonic() - began_at);
  count(cause, report);
  return report;
}

// Somebody may have removed a group or overwritten its classid by hand.
void Sweeper::repair_groups() {
  for (const ContainerNumber number : containers_.numbers()) {
    const Registration& registration = containers_.find(number)->registration;
    const auto classid = host_.net_cls.classid(registration.directory);
    if (classid && *classid == registration.classid.raw()) continue;
    const bool may_be_gone = !classid || containers_.find(number)->has_init_ended;
    if (registration.is_adopted && may_be_gone) continue;  // the runtime's own: gone with the container
    auto made = host_.net_cls.make(registration.directory);
    if (made) made = host_.net_cls.set_classid(registration.directory, registration.classid.raw());
    if (made) counters_.groups_repaired.add();
    if (!made) host_.reporter.problem("group_repair_failed", registration.id.text(), made.error());
  }
}

void Sweeper::remember(const std::vector<Member>& members, MonotonicTime began_at, MonotonicTime read_at) {
  for (const Member& member : members) {
    const TrackedProcess* known = tracker_.find(member.pid);
    if (known && known->noticed_at >= began_at) continue;  // an event told us more while we were reading
    TrackedProcess process =
        known ? *known : TrackedProcess{member.container, member.start_time, began_at, kNotPlaced, JoinCause::kSweep};
    const bool is_same = process.container == member.container;
    process.container = member.container;
    process.start_time = member.start_time;
    if (!member.is_placed) process.placed_since = kNotPlaced;
    if (member.is_placed && (!is_same || process.placed_since == kNotPlaced)) process.placed_since = read_at;
    tracker_.put(member.pid, process);
  }
}

void Sweeper::place_strays(const std::vector<Member>& members, SweepReport& report) {
  for (const Member& member : members) {
    if (member.is_placed) continue;
    ++report.strays;
    const auto outcome = mover_.examine({member.pid, JoinCause::kSweep, host_.clock.monotonic()});
    report.moved += outcome == MoveOutcome::kMoved ? 1 : 0;
    report.failed += outcome == MoveOutcome::kFailed ? 1 : 0;
  }
}

// Whoever was known and is not among the members: it ended, or its number is another process's.
void Sweeper::forget_others(const Snapshot& snapshot, const std::vector<Member>& members, MonotonicTime began_at) {
  std::unordered_set<Pid> pids;
  for (const Member& member : members) pids.insert(member.pid);
  tracker_.forget_all_but(pids, began_at);
  for (const ProcessFacts& process : snapshot) pids.insert(process.pid);
  tracker_.forget_suspects(pids, began_at);
}

void Sweeper::expel(Pid pid) {
  const auto facts = host_.processes.facts(pid);  // once more: it may have ended since, and the number be a member's
  if (!facts || !std::holds_alternative<NotMember>(tracker_.judge(pid, facts->cgroups))) return;
  const std::string* path = facts->cgroups.net_cls();
  if (path == nullptr || !containers_.claims().guards_group(*path) || !mover_.expel(pid)) return;
  host_.reporter.problem("foreigner_moved_out", to_string(pid),
                         Error(ErrorCode::kConflict, "was in " + *path + " and belongs to no container"));
}

void Sweeper::count(SweepCause cause, const SweepReport& report) {
  counters_.sweeps[cause].add();
  counters_.sweep_duration.observe(report.duration);
  counters_.strays_repaired.add(report.moved);
  host_.reporter.swept(kSweepCauses[static_cast<std::size_t>(cause)], report);
}

}  // namespace netclsd
