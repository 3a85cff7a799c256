#include "tests/sim/fake_host.h"

#include <cerrno>

namespace netclsd {
namespace {

constexpr std::int64_t kTick_ns = 10'000'000;
// Numbers come round after this time at the earliest: start times tell processes apart that start 50 ms apart.
constexpr std::chrono::nanoseconds kRound = std::chrono::milliseconds{240};

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
  } while (processes_.contains(Pid{last_pid_}));
  const Pid pid{last_pid_};
  pass(kRound / options_.pid_max);
  FakeProcess child = processes_.at(creator);  // cgroups and owner are inherited
  child.parent = parent;
  child.start_time = StartTime{static_cast<std::uint64_t>((now_ + boot_offset()).count() / kTick_ns)};
  processes_.insert_or_assign(pid, child);
  pass(std::chrono::microseconds{2});
  trace_.note("fork", pid, "by pid " + to_string(creator) + " of " + to_string(parent));
  tell(Forked{.parent = parent, .child = pid, .at = now_});
  return pid;
}

Pid FakeHost::fork(Pid creator) { return new_process(creator, creator); }

Pid FakeHost::fork_with_parents_parent(Pid creator) { return new_process(creator, processes_.at(creator).parent); }

void FakeHost::exec(Pid pid) {
  pass(std::chrono::microseconds{50});
  trace_.note("exec", pid);
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
  for (auto& [other, process] : processes_) {
    if (process.parent == pid) process.parent = processes_.contains(reaper) ? reaper : kInit;
  }
  if (watched_.erase(pid) > 0) exited_.push_back(pid);
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

void FakeHost::remove_group_by_hand(const std::string& directory) {
  for (auto& [pid, process] : processes_) {
    if (process.net_cls == "/" + directory) process.net_cls = "/";
  }
  groups_.erase(directory);
}

std::size_t FakeHost::count_in(const std::string& directory) const {
  std::size_t count = 0;
  for (const auto& [pid, process] : processes_) count += process.net_cls == "/" + directory ? 1 : 0;
  return count;
}

std::vector<Pid> FakeHost::owned_by(const std::string& id) const {
  std::vector<Pid> pids;
  for (const auto& [pid, process] : processes_) {
    if (process.owner == id) pids.push_back(pid);
  }
  return pids;
}

std::optional<std::uint32_t> FakeHost::class_of(const std::string& net_cls_path) const {
  const auto group = groups_.find(net_cls_path.substr(1));
  return group == groups_.end() ? std::nullopt : std::optional(group->second);
}

std::vector<Pid> FakeHost::take_exits() { return std::exchange(exited_, {}); }

void FakeHost::lose_listener() {
  events_.clear();
  drops_untold_ = 0;  // the socket's own count went with it
  watched_.clear();
  exited_.clear();
}

Result<std::vector<Pid>> FakeHost::list() {
  std::vector<Pid> pids;
  for (const auto& [pid, process] : processes_) pids.push_back(pid);
  return pids;
}

std::optional<ProcessFacts> FakeHost::facts(Pid pid) {
  interleave(std::nullopt);
  auto paths = cgroups(pid);
  if (!paths) return std::nullopt;
  const FakeProcess& process = processes_.at(pid);
  return ProcessFacts{pid, process.parent, process.start_time, std::move(*paths), {}};
}

NamespaceFacts FakeHost::namespaces(Pid pid) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return {};
  const std::uint64_t number = found->second.pid_namespace;
  const bool is_readable = options_.may_trace || pid == kAgent;
  return {.pid_namespace = is_readable ? number : 0, .pid_depth = number == 1 ? 1U : 2U, .root_mount = number};
}

std::optional<CgroupPaths> FakeHost::cgroups(Pid pid) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return std::nullopt;
  return CgroupPaths{{{"net_cls", found->second.net_cls}, {"", found->second.unified}}};
}

std::optional<std::vector<Pid>> FakeHost::processes_at(const CgroupEntry& entry) {
  interleave(std::nullopt);
  const bool is_unified = entry.hierarchy.empty();
  if (!options_.sees_cgroups || !(is_unified || entry.hierarchy == "net_cls")) return std::nullopt;
  std::vector<Pid> pids;
  for (const auto& [pid, process] : processes_) {
    if (is_within(is_unified ? process.unified : process.net_cls, entry.path)) pids.push_back(pid);
  }
  return pids;
}

std::optional<StartTime> FakeHost::start_time(Pid pid) {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? std::nullopt : std::optional(found->second.start_time);
}

Result<void> FakeHost::make(const std::string& directory) {
  if (const auto error = faults_.before(FaultPoint::kGroupMake)) return system_failure(*error, "make group", directory);
  trace_.note("make group", {}, directory);
  groups_.emplace(directory.substr(0, directory.find('/')), 0);
  groups_.emplace(directory, 0);
  faults_.after(FaultPoint::kGroupMake);
  return {};
}

Result<AttachOutcome> FakeHost::attach(const std::string& directory, Pid pid) {
  interleave(pid);  // the world goes on between our look and our write …
  if (const auto error = faults_.before(FaultPoint::kCgroupAttach)) {
    if (*error == ESRCH) return AttachOutcome::kProcessGone;
    return system_failure(*error, "attach pid", to_string(pid));
  }
  if (!groups_.contains(directory)) return failure(ErrorCode::kNotFound, "no group " + directory);
  pass(std::chrono::milliseconds{1});
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return AttachOutcome::kProcessGone;
  trace_.note("attach", pid, directory);
  found->second.net_cls = "/" + directory;
  pass(std::chrono::microseconds{5});
  faults_.after(FaultPoint::kCgroupAttach);
  if (!directory.empty()) ++moves_;
  return AttachOutcome::kAttached;
}

Result<std::uint32_t> FakeHost::classid(const std::string& directory) {
  const auto found = groups_.find(directory);
  if (found == groups_.end()) return failure(ErrorCode::kNotFound, "no group " + directory);
  return found->second;
}

Result<void> FakeHost::set_classid(const std::string& directory, std::uint32_t raw) {
  if (const auto error = faults_.before(FaultPoint::kClassidWrite)) return system_failure(*error, "write", directory);
  const auto found = groups_.find(directory);
  if (found == groups_.end()) return failure(ErrorCode::kNotFound, "no group " + directory);
  trace_.note("set classid", {}, directory, raw);
  found->second = raw;
  faults_.after(FaultPoint::kClassidWrite);
  return {};
}

Result<std::vector<Pid>> FakeHost::processes(const std::string& directory) {
  std::vector<Pid> pids;
  for (const auto& [pid, process] : processes_) {
    if (process.net_cls == "/" + directory) pids.push_back(pid);
  }
  return pids;
}

Result<RemoveOutcome> FakeHost::remove(const std::string& directory) {
  if (const auto error = faults_.before(FaultPoint::kGroupRemove)) {
    if (*error == EBUSY) return RemoveOutcome::kNotEmpty;  // so says rmdir while a task is still ending
    return system_failure(*error, "remove group", directory);
  }
  if (count_in(directory) > 0) return RemoveOutcome::kNotEmpty;
  trace_.note("remove group", {}, directory);
  groups_.erase(directory);
  faults_.after(FaultPoint::kGroupRemove);
  return RemoveOutcome::kRemoved;
}

Result<std::vector<std::string>> FakeHost::children(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& [group, classid] : groups_) {
    if (group.starts_with(directory + "/")) names.push_back(group.substr(directory.size() + 1));
  }
  return names;
}

Result<bool> FakeHost::watch(Pid pid) {
  if (!processes_.contains(pid)) return false;
  watched_.insert(pid);
  return true;
}

// As the real one does: what was dropped is told before what was queued after it.
void FakeHost::drain(EventSink& sink) {
  drops_told_ += drops_untold_;
  if (drops_untold_ > 0) sink.on_dropped(std::exchange(drops_untold_, 0));
  while (!events_.empty()) {
    const ProcessEvent event = events_.front();
    events_.pop_front();
    sink.on_event(event);
  }
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
  for (const auto& [id, registration] : kept_) registrations.emplace_back(registration);
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
    if (found != spool_.end()) items.push_back({found->first, found->second});
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
