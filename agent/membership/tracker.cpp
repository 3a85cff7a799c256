#include "agent/membership/tracker.h"

#include <algorithm>

#include "common/base/overloaded.h"

namespace netclsd {
namespace {

constexpr std::int64_t kTick_ns = 10'000'000;  // USER_HZ is 100 on every architecture that we build for

}  // namespace

const char* to_string(JoinCause cause) {
  switch (cause) {
    case JoinCause::kRegister:
      return "register";
    case JoinCause::kFork:
      return "fork";
    case JoinCause::kExec:
      return "exec";
    case JoinCause::kSweep:
      return "sweep";
    case JoinCause::kInherited:
      return "inherited";
  }
  return "";
}

bool is_same_start(StartTime a, StartTime b) {
  const std::uint64_t distance = a < b ? b.ticks - a.ticks : a.ticks - b.ticks;
  return distance <= kStartSlack_ticks;
}

std::optional<Examine> Tracker::on(const ProcessEvent& event) {
  return std::visit(Overloaded{[this](const Forked& forked) { return on_fork(forked); },
                               [this](const Execed& execed) { return on_exec(execed); }},
                    event);
}

std::optional<Examine> Tracker::on_fork(const Forked& event) {
  // /proc was read after this fork, and told more: an init's own fork may come after its registration.
  const TrackedProcess* known = find(event.child);
  if (known != nullptr && known->noticed_at >= event.at) return std::nullopt;
  const TrackedProcess* parent = find(event.parent);
  if (parent == nullptr || is_younger(*parent, event.at)) {
    if (known != nullptr) forget(event.child);  // the number now belongs to somebody else
    return on_strangers_fork(event);
  }
  if (!is_descent_trusted_ || suspects_.contains(event.parent)) return suspect(event);
  if (!suspects_.empty()) suspects_.erase(event.child);  // of the number's last owner
  const bool is_born_placed = event.at > parent->placed_since;
  const TargetNumber target = parent->target;  // copied: the insertion may move the parent
  if (is_born_placed) {
    put(event.child, {target, start_time_at(event.at), event.at, kPlacedFromBirth, JoinCause::kInherited});
    return std::nullopt;
  }
  put(event.child, {target, start_time_at(event.at), event.at, kNotPlaced, JoinCause::kFork});
  return Examine{event.child, JoinCause::kFork, event.at};
}

std::optional<Examine> Tracker::on_strangers_fork(const Forked& event) {
  if (suspects_.empty() && !is_reading_) return std::nullopt;  // nearly always
  suspects_.erase(event.child);
  const bool may_be_member = is_reading_ || suspects_.contains(event.parent);
  return may_be_member ? suspect(event) : std::nullopt;
}

std::optional<Examine> Tracker::suspect(const Forked& event) {
  forget(event.child);
  suspects_.insert_or_assign(event.child, event.at);
  return Examine{event.child, JoinCause::kFork, event.at, event.parent};
}

bool Tracker::is_outdated(const Examine& examine) const {
  const TrackedProcess* known = find(examine.pid);
  if (known != nullptr) return examine.event_at < known->noticed_at;
  const auto suspect = suspects_.find(examine.pid);
  return suspect != suspects_.end() && examine.event_at < suspect->second;
}

bool Tracker::is_suspect_since(Pid pid, MonotonicTime moment) const {
  const auto suspect = suspects_.find(pid);
  return suspect != suspects_.end() && suspect->second >= moment;
}

void Tracker::inherit(const Examine& examine) {
  const TrackedProcess* parent = find(examine.parent);
  if (!is_descent_trusted_ || parent == nullptr || find(examine.pid) != nullptr) return;
  if (is_younger(*parent, examine.event_at)) return;
  const StartTime start_time = start_time_at(examine.event_at);
  put(examine.pid, {parent->target, start_time, examine.event_at, kNotPlaced, JoinCause::kFork});
}

// A member's exec may be its way into another container, as `runc exec` of a CI runner is: where another is registered,
// one read tells. What it forks until then is examined, too.
std::optional<Examine> Tracker::on_exec(const Execed& event) {
  if (targets_.is_empty()) return std::nullopt;
  const bool may_enter_another = targets_.size() > 1 || !processes_.contains(event.pid);
  if (!may_enter_another) return std::nullopt;
  const TrackedProcess* known = find(event.pid);
  if (known != nullptr && known->noticed_at > event.at) return std::nullopt;  // /proc was read after this exec
  suspects_.try_emplace(event.pid, event.at);
  return Examine{event.pid, JoinCause::kExec, event.at};
}

std::optional<TargetNumber> Tracker::owner_of(Pid pid, const CgroupPaths& cgroups) const {
  const TrackedProcess* known = find(pid);
  return targets_.nearest(targets_.by_path(cgroups), known ? std::optional(known->target) : std::nullopt);
}

Verdict Tracker::judge(Pid pid, const CgroupPaths& cgroups) const {
  const auto by_path = targets_.by_path(cgroups);
  const auto target = owner_of(pid, cgroups);
  if (!target) return NotMember{};
  if (targets_.is_placed(*target, cgroups)) return Placed{*target};
  // By path it may be the outer container's, and by descent one's inside of it.
  const bool needs_descent = target != by_path || targets_.has_inner(*target);
  if (needs_descent && !is_descent_trusted_) return Undecided{};
  return Attach{.target = *target, .must_have_start_time = target != by_path};
}

void Tracker::on_target_removed(TargetNumber number, const Target& /*target*/) {
  erase_if(processes_, [&](const auto& entry) { return entry.second.target == number; });
}

void Tracker::forget_all_but(const std::unordered_set<Pid>& others, MonotonicTime moment) {
  erase_if(processes_,
           [&](const auto& entry) { return entry.second.noticed_at < moment && !others.contains(entry.first); });
  give_back_room(processes_);
  has_grown_ = false;
}

void Tracker::forget_suspects(const std::unordered_set<Pid>& alive, MonotonicTime moment) {
  erase_if(suspects_, [&](const auto& suspect) { return suspect.second < moment && !alive.contains(suspect.first); });
  give_back_room(suspects_);
}

void Tracker::distrust_descent() {
  is_descent_trusted_ = false;
  has_lost_while_reading_ = true;
  for (auto& [pid, process] : processes_) process.placed_since = kNotPlaced;
}

void Tracker::begin_reading(bool is_registering) {
  is_reading_ = is_registering || !targets_.is_empty();
  has_lost_while_reading_ = false;
}

void Tracker::end_reading(bool is_complete) {
  is_reading_ = false;
  if (is_complete && !has_lost_while_reading_) is_descent_trusted_ = true;
}

std::vector<Pid> Tracker::processes_of(TargetNumber target) const {
  std::vector<Pid> pids;
  for (const auto& [pid, process] : processes_) {
    if (process.target == target) pids.push_back(pid);
  }
  return pids;
}

Tracker::Counts Tracker::counts() const {
  Counts counts;
  for (const auto& [pid, process] : processes_) ++counts[process.target.value];
  return counts;
}

std::size_t Tracker::count_of(TargetNumber target) const {
  return static_cast<std::size_t>(std::count_if(processes_.begin(), processes_.end(),
                                                [&](const auto& entry) { return entry.second.target == target; }));
}

const TrackedProcess* Tracker::find(Pid pid) const {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? nullptr : &found->second;
}

bool Tracker::is_younger(const TrackedProcess& process, MonotonicTime moment) const {
  return process.start_time.ticks > start_time_at(moment).ticks + kStartSlack_ticks;
}

StartTime Tracker::start_time_at(MonotonicTime moment) const {
  return StartTime{static_cast<std::uint64_t>((moment + boot_offset_).count() / kTick_ns)};
}

}  // namespace netclsd
