#include "tests/sim/fake_host.h"

#include <algorithm>
#include <cerrno>

namespace netclsd {
namespace {

constexpr std::int64_t kTick_ns = 10'000'000;
// Numbers come round after this time at the earliest: start times tell processes apart that start 50 ms apart.
constexpr std::chrono::nanoseconds kRound = std::chrono::milliseconds{240};
constexpr std::chrono::nanoseconds kTellable = std::chrono::milliseconds{60};
constexpr std::chrono::nanoseconds kForkTakes = std::chrono::milliseconds{3};

}  // namespace

FakeHost::FakeHost(FakeHostOptions options, Faults& faults, Trace& trace)
    : options_(options), faults_(faults), trace_(trace) {
  processes_[kInit] = {};
  processes_[kAgent].parent = kInit;
  processes_[kAgent].unified = "/agent";
  groups_[""] = 0;
}

Pid FakeHost::new_process(Pid creator, Pid parent) {
  do {
    last_pid_ = last_pid_ >= options_.pid_max ? 3 : last_pid_ + 1;
    pass(std::chrono::microseconds{1});
  } while (processes_.contains(Pid{last_pid_}) || was_freed_lately(Pid{last_pid_}));
  const Pid pid{last_pid_};
  pass(kRound / options_.pid_max);
  processes_.at(creator).linked_at = MonotonicTime{0};  // it runs
  FakeProcess child = processes_.at(creator);           // cgroups and owner are inherited
  child.has_leader_exited = false;
  child.keeps_leaving = false;
  child.parent = parent;
  child.start_time = StartTime{static_cast<std::uint64_t>((now_ + boot_offset()).count() / kTick_ns)};
  processes_.insert_or_assign(pid, child);
  pass(std::chrono::microseconds{2});
  if (options_.has_favordynmods) processes_.at(pid).linked_at = now_ + kForkTakes;
  trace_.note("fork", pid, "by pid " + to_string(creator) + " of " + to_string(parent));
  tell(Forked{.parent = parent, .child = pid, .at = now_});
  return pid;
}

// Start times do not tell its next owner from its last one.
bool FakeHost::was_freed_lately(Pid pid) const {
  const auto freed = freed_.find(pid);
  return freed != freed_.end() && now_ - freed->second < kTellable;
}

Pid FakeHost::fork(Pid creator) { return new_process(creator, creator); }

Pid FakeHost::fork_with_parents_parent(Pid creator) { return new_process(creator, processes_.at(creator).parent); }

void FakeHost::exec(Pid pid) {
  pass(std::chrono::microseconds{50});
  trace_.note("exec", pid);
  processes_.at(pid).linked_at = MonotonicTime{0};
  tell(Execed{.pid = pid, .at = now_});
}

void FakeHost::tell(const ProcessEvent& event) {
  if (is_silent_) return;
  if (to_drop_ == 0 && events_.size() < options_.events_max) return events_.push_back(event);
  if (to_drop_ > 0) --to_drop_;
  ++drops_untold_;
  ++faults_.counts.drops;
  trace_.note("event dropped");
}

// Orphans go to the init of their pid namespace: a container's own, or the host's.
void FakeHost::exit(Pid pid) {
  const Pid reaper = processes_.at(pid).reaper;
  trace_.note("exit", pid);
  processes_.erase(pid);
  freed_.insert_or_assign(pid, now_);
  for (auto& [other, process] : processes_) {
    if (process.parent == pid) process.parent = processes_.contains(reaper) ? reaper : kInit;
  }
  if (watched_.erase(pid) == 0) return;
  if (!is_next_exit_lost_) return exited_.push_back(pid);
  trace_.note("exit not reported", pid);
  has_lost_exit_ = std::exchange(is_next_exit_lost_, false);
}

void FakeHost::exit_leader(Pid pid) {
  trace_.note("leader thread exits", pid);
  FakeProcess& process = processes_.at(pid);
  process.has_leader_exited = true;
  process.unified_of_leader = process.unified;
}

void FakeHost::move_by_hand(Pid pid, const std::string& directory) {
  FakeProcess& process = processes_.at(pid);
  process.net_cls = "/" + directory;
  process.linked_at = MonotonicTime{0};
}

void FakeHost::leave() {
  for (auto& [pid, process] : processes_) {
    if (process.keeps_leaving) process.net_cls = "/";
  }
}

void FakeHost::reuse(Pid pid) {
  pass(kRound);
  FakeProcess process = processes_.at(kInit);
  process.parent = kInit;
  process.start_time = StartTime{static_cast<std::uint64_t>((now_ + boot_offset()).count() / kTick_ns)};
  processes_.insert_or_assign(pid, process);
  ++faults_.counts.reuses;
  trace_.note("number reused", pid);
  tell(Forked{.parent = kInit, .child = pid, .at = now_});
}

std::vector<Pid> FakeHost::owned_by(const std::string& id) const {
  std::vector<Pid> pids;
  for (const auto& [pid, process] : processes_) {
    if (process.owner == id) pids.push_back(pid);
  }
  return pids;
}

std::vector<Pid> FakeHost::take_exits() { return std::exchange(exited_, {}); }

void FakeHost::lose_listener() {
  events_.clear();
  drops_untold_ = 0;  // the socket's own count went with it
  watched_.clear();
  exited_.clear();
  has_loaded_ = false;
  is_drained_ = true;
}

Result<std::vector<Pid>> FakeHost::list() {
  std::vector<Pid> pids;
  for (const auto& [pid, process] : processes_) pids.push_back(pid);
  return pids;
}

std::optional<ProcessFacts> FakeHost::facts(Pid pid) {
  interleave(std::nullopt);
  if (looks_fail_with != 0 || unreadable.contains(pid)) return std::nullopt;
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return std::nullopt;
  const FakeProcess& process = found->second;
  const bool is_linked = !is_half_born(process);
  CgroupPaths paths{{{"net_cls", is_linked ? process.net_cls : "/"}, {"", is_linked ? process.unified : "/"}}};
  return ProcessFacts{pid, process.parent, process.start_time, std::move(paths), {}};
}

Result<std::optional<ProcessFacts>> FakeHost::look_at(Pid pid) {
  if (looks_fail_with != 0) {
    return Failure(Error(ErrorCode::kUnavailable, "/proc: no descriptor is left", looks_fail_with));
  }
  if (unreadable.contains(pid)) return system_failure(ENAMETOOLONG, "read", to_string(pid));
  return facts(pid);
}

NamespaceFacts FakeHost::namespaces(Pid pid) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return {};
  const std::uint64_t number = found->second.pid_namespace;
  const bool is_readable = options_.may_trace || pid == kAgent;
  const std::uint64_t root_mount = found->second.root_mount;
  return {.pid_namespace = is_readable ? number : 0,
          .pid_depth = number == 1 ? 1U : 2U,
          .is_reaper = number != 1 && found->second.reaper == pid,
          .root_mount = root_mount != 0 ? root_mount : number,
          .root = "0:" + std::to_string(number != 1 ? number : std::max<std::uint64_t>(root_mount, 1)) + " /"};
}

std::optional<CgroupPaths> FakeHost::cgroups(Pid pid) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return std::nullopt;
  const FakeProcess& process = found->second;
  if (is_half_born(process)) return CgroupPaths{{{"net_cls", "/"}, {"", "/"}}};
  if (process.has_leader_exited) return CgroupPaths{{{"net_cls", "/"}, {"", process.unified_of_leader}}};
  return CgroupPaths{{{"net_cls", process.net_cls}, {"", process.unified}}};
}

// The worst order: those with nobody in them come first.
class FakeHost::Walk : public CgroupWalk {
 public:
  Walk(FakeHost& host, CgroupEntry entry) : host_(host), entry_(std::move(entry)) {
    for (const auto& [path, cgroups] : host.made_cgroups_) empty_ += is_within(path, entry_.path) ? cgroups : 0;
  }

  Progress go_on(std::size_t& groups_left, std::vector<Pid>& pids) override {
    const std::size_t now = std::min(groups_left, empty_);
    groups_left -= now;
    empty_ -= now;
    host_.cgroups_seen_ += now;
    if (groups_left == 0) return Progress::kMore;
    --groups_left;
    ++host_.cgroups_seen_;
    const auto inside = host_.processes_within(entry_);
    pids.insert(pids.end(), inside.begin(), inside.end());
    return Progress::kDone;
  }

 private:
  FakeHost& host_;
  CgroupEntry entry_;
  std::size_t empty_ = 0;
};

std::unique_ptr<CgroupWalk> FakeHost::walk(const CgroupEntry& entry) {
  interleave(std::nullopt);
  const bool is_visible = options_.sees_cgroups && (entry.hierarchy.empty() || entry.hierarchy == "net_cls");
  return is_visible ? std::make_unique<Walk>(*this, entry) : nullptr;
}

std::optional<std::vector<Pid>> FakeHost::processes_at(const CgroupEntry& entry) {
  const auto around = walk(entry);
  std::vector<Pid> pids;
  std::size_t groups_left = kGroupsAtOnceMax;
  if (!around || around->go_on(groups_left, pids) != CgroupWalk::Progress::kDone) return std::nullopt;
  return pids;
}

std::vector<Pid> FakeHost::processes_within(const CgroupEntry& entry) const {
  const bool is_unified = entry.hierarchy.empty();
  std::vector<Pid> pids;
  for (const auto& [pid, process] : processes_) {
    if (is_half_born(process)) continue;
    if (is_within(is_unified ? process.unified : process.net_cls, entry.path)) pids.push_back(pid);
  }
  return pids;
}

std::optional<StartTime> FakeHost::start_time(Pid pid) {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? std::nullopt : std::optional(found->second.start_time);
}

Result<bool> FakeHost::watch(Pid pid) {
  if (const auto error = faults_.before(FaultPoint::kExitWatch)) {
    return system_failure(*error, "watch pid", to_string(pid));
  }
  if (!processes_.contains(pid)) return false;
  watched_.insert(pid);
  return true;
}

// As the real one does: what was dropped is reported before what was queued after it.
EventBatch FakeHost::take() {
  constexpr std::size_t kBatch = 16;
  const auto end = events_.begin() + static_cast<std::ptrdiff_t>(std::min(kBatch, events_.size()));
  batch_.assign(events_.begin(), end);
  events_.erase(events_.begin(), end);
  is_drained_ = is_drained_ || events_.empty();
  drops_told_ += drops_untold_;
  return {.events = batch_, .dropped = std::exchange(drops_untold_, 0), .has_more = !events_.empty()};
}

Pulse FakeHost::check_pulse() { return std::exchange(is_silent_, false) ? Pulse::kHealed : Pulse::kAlive; }

// A write may wait for an RCU grace period, and the receive buffer outlasts only one such wait for sure.
void FakeHost::note_write() {
  if (!std::exchange(is_drained_, false)) ++undrained_writes_;
}

Result<void> FakeHost::save(const Registration& registration) {
  if (const auto error = faults_.before(FaultPoint::kFileWrite))
    return system_failure(*error, "write", registration.id.text());
  trace_.note("save", registration.init.pid, registration.id.text());
  kept_.insert_or_assign(registration.id, registration);
  faults_.after(FaultPoint::kFileWrite);
  return {};
}

Result<void> FakeHost::remove(const ContainerId& id) {
  if (const auto error = faults_.before(FaultPoint::kFileRemove)) return system_failure(*error, "remove", id.text());
  trace_.note("forget", {}, id.text());
  kept_.erase(id);
  faults_.after(FaultPoint::kFileRemove);
  return {};
}

std::vector<Result<Registration>> FakeHost::load() {
  std::vector<Result<Registration>> registrations;
  const bool is_first = !std::exchange(has_loaded_, true);
  const std::set<ContainerId> unread_before = std::exchange(unread_, {});
  for (const auto& [id, registration] : kept_) {
    if (!is_first && !unread_before.contains(id)) continue;
    if (const auto error = faults_.before(FaultPoint::kFileRead)) {
      unread_.insert(id);
      registrations.emplace_back(system_failure(*error, id.text() + ".json: open"));
    } else {
      registrations.emplace_back(registration);
    }
  }
  return registrations;
}

void FakeHost::look() {
  spool_waiting_.clear();
  for (const auto& [name, entry] : spool_) spool_waiting_.push_back(name);
}

std::vector<SpoolItem> FakeHost::take(std::size_t entries_max) {
  std::vector<SpoolItem> items;
  for (; !spool_waiting_.empty() && items.size() < entries_max; spool_waiting_.pop_front()) {
    const auto found = spool_.find(spool_waiting_.front());
    if (found == spool_.end()) continue;
    const auto error = faults_.before(FaultPoint::kFileRead);
    Result<SpoolEntry> entry = found->second;
    if (error) entry = system_failure(*error, "open", found->first);
    items.push_back({found->first, std::move(entry)});
  }
  return items;
}

void FakeHost::discard(const std::string& name) {
  if (faults_.before(FaultPoint::kFileRemove)) return;  // it is read again
  trace_.note("discard", {}, name);
  spool_.erase(name);
  faults_.after(FaultPoint::kFileRemove);
}

void FakeHost::problem(const char* event, const std::string& object, const Error& error) {
  trace_.note(event, {}, object);
  if (std::string_view(event) == "spool_entry_refused") return;  // its init has ended
  if (std::string_view(event) == "foreigner_moved_out" && faults_.counts.reuses > 0) return;
  problems.push_back(std::string(event) + " " + object + ": " + error.message());
}

}  // namespace netclsd
