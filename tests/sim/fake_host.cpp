#include "tests/sim/fake_host.h"

#include <algorithm>

namespace netclsd {
namespace {

constexpr std::int64_t kTick_ns = 10'000'000;

}  // namespace

FakeHost::FakeHost() {
  processes_[kInit] = {};
  processes_[kAgent] = {.parent = kInit, .start_time = {}, .unified = "/agent", .net_cls = "/", .owner = {}};
  groups_[""] = 0;
}

Pid FakeHost::new_process(Pid creator, Pid parent) {
  do {
    last_pid_ = last_pid_ >= kPidMax ? 3 : last_pid_ + 1;
  } while (processes_.contains(Pid{last_pid_}));
  const Pid pid{last_pid_};
  pass(std::chrono::microseconds{300});
  FakeProcess child = processes_.at(creator);  // cgroups and owner are inherited
  child.parent = parent;
  child.start_time = StartTime{static_cast<std::uint64_t>((now_ + boot_offset()).count() / kTick_ns)};
  processes_.insert_or_assign(pid, child);
  pass(std::chrono::microseconds{2});
  events_.push_back(Forked{.parent = parent, .child = pid, .at = now_});
  return pid;
}

Pid FakeHost::fork(Pid creator) { return new_process(creator, creator); }

Pid FakeHost::fork_with_parents_parent(Pid creator) { return new_process(creator, processes_.at(creator).parent); }

void FakeHost::exec(Pid pid) {
  pass(std::chrono::microseconds{50});
  events_.push_back(Execed{.pid = pid, .at = now_});
}

// Orphans go to their container's init, as in a pid namespace; without one, to the host's.
void FakeHost::exit(Pid pid) {
  const FakeProcess ended = processes_.at(pid);
  processes_.erase(pid);
  Pid reaper = kInit;
  for (Pid at = ended.parent; processes_.contains(at) && processes_.at(at).owner == ended.owner && ended.owner;
       at = processes_.at(at).parent) {
    reaper = at;
  }
  for (auto& [other, process] : processes_) {
    if (process.parent == pid) process.parent = reaper;
  }
  if (watched_.erase(pid) > 0) exited_.push_back(pid);
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
  watched_.clear();
  exited_.clear();
}

Result<std::vector<Pid>> FakeHost::list() {
  std::vector<Pid> pids;
  for (const auto& [pid, process] : processes_) pids.push_back(pid);
  return pids;
}

std::optional<ProcessFacts> FakeHost::facts(Pid pid) {
  auto paths = cgroups(pid);
  if (!paths) return std::nullopt;
  const FakeProcess& process = processes_.at(pid);
  return ProcessFacts{pid, process.parent, process.start_time, std::move(*paths), 0};
}

std::optional<CgroupPaths> FakeHost::cgroups(Pid pid) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return std::nullopt;
  return CgroupPaths{{{"net_cls", found->second.net_cls}, {"", found->second.unified}}};
}

std::optional<StartTime> FakeHost::start_time(Pid pid) {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? std::nullopt : std::optional(found->second.start_time);
}

Result<void> FakeHost::make(const std::string& directory) {
  groups_.emplace(directory.substr(0, directory.find('/')), 0);
  groups_.emplace(directory, 0);
  return {};
}

Result<AttachOutcome> FakeHost::attach(const std::string& directory, Pid pid) {
  interleave();  // the world goes on between our look and our write …
  if (!groups_.contains(directory)) return failure(ErrorCode::kNotFound, "no group " + directory);
  pass(std::chrono::milliseconds{1});
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return AttachOutcome::kProcessGone;
  found->second.net_cls = "/" + directory;
  ++moves_;
  pass(std::chrono::microseconds{5});
  return AttachOutcome::kAttached;
}

Result<std::uint32_t> FakeHost::classid(const std::string& directory) {
  const auto found = groups_.find(directory);
  if (found == groups_.end()) return failure(ErrorCode::kNotFound, "no group " + directory);
  return found->second;
}

Result<void> FakeHost::set_classid(const std::string& directory, std::uint32_t raw) {
  const auto found = groups_.find(directory);
  if (found == groups_.end()) return failure(ErrorCode::kNotFound, "no group " + directory);
  found->second = raw;
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
  if (!processes(directory)->empty()) return RemoveOutcome::kNotEmpty;
  groups_.erase(directory);
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

void FakeHost::drain(EventSink& sink) {
  while (!events_.empty()) {
    const ProcessEvent event = events_.front();
    events_.pop_front();
    sink.on_event(event);
  }
}

Result<void> FakeHost::save(const Registration& registration) {
  kept_.insert_or_assign(registration.id, registration);
  return {};
}

Result<void> FakeHost::remove(const ContainerId& id) {
  kept_.erase(id);
  return {};
}

std::vector<Result<Registration>> FakeHost::load() {
  std::vector<Result<Registration>> registrations;
  for (const auto& [id, registration] : kept_) registrations.push_back(registration);
  return registrations;
}

std::vector<SpoolItem> FakeHost::read() {
  std::vector<SpoolItem> items;
  for (const auto& [name, entry] : spool_) items.push_back({name, entry});
  return items;
}

void FakeHost::problem(const char* event, const std::string& object, const Error& error) {
  problems.push_back(std::string(event) + " " + object + ": " + error.message());
}

}  // namespace netclsd
