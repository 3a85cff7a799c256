#include "agent/placing/sweeper.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "agent/placing/snapshot.h"

namespace netclsd {

Result<SweepReport> Sweeper::sweep(SweepCause cause, Foreigners foreigners) {
  const MonotonicTime began_at = host_.clock.monotonic();
  groups_.repair_all();
  tracker_.begin_reading();
  auto snapshot = take_snapshot(host_.processes, &intake_);
  intake_.drain();  // forks of those that ended before we looked must still find their parents
  tracker_.end_reading(snapshot.has_value());
  if (!snapshot) return pass_on(snapshot.error(), "sweep");
  auto members = find_members(*snapshot, targets_.inits(), targets_, tracker_);
  forget_others(*snapshot, members, began_at);
  // Born, or exec'd, while all was read: its parent may be missing in what was read, and its event has it examined.
  std::erase_if(members, [&](const Member& member) { return tracker_.is_suspect_since(member.pid, began_at); });
  remember(members, began_at, host_.clock.monotonic());
  if (foreigners == Foreigners::kMoveOut) {
    for (const Pid pid : find_foreigners(*snapshot, members, targets_)) expel(pid);
  }
  SweepReport report{.processes_seen = snapshot->size(), .members = members.size()};
  place_strays(members, report);
  report.duration = std::chrono::duration_cast<std::chrono::microseconds>(host_.clock.monotonic() - began_at);
  count(cause, report);
  return report;
}

void Sweeper::remember(const std::vector<Member>& members, MonotonicTime began_at, MonotonicTime read_at) {
  for (const Member& member : members) {
    const TrackedProcess* known = tracker_.find(member.pid);
    if (known && known->noticed_at >= began_at) continue;  // an event told us more while we were reading
    TrackedProcess process =
        known ? *known : TrackedProcess{member.target, member.start_time, began_at, kNotPlaced, JoinCause::kSweep};
    const bool is_same = process.target == member.target;
    process.target = member.target;
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
  tracker_.forget_suspects(pids, intake_.examined_until(began_at));
}

void Sweeper::expel(Pid pid) {
  const auto facts = host_.processes.facts(pid);  // once more: it may have ended since, and the number be a member's
  intake_.drain();
  if (!facts || !std::holds_alternative<NotMember>(tracker_.judge(pid, facts->cgroups))) return;
  const std::string* path = facts->cgroups.net_cls();
  if (path == nullptr || !targets_.guards_group(*path) || !mover_.expel(*facts)) return;
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
