// The fake world's net_cls hierarchy.
#include <algorithm>
#include <cerrno>

#include "tests/sim/fake_host.h"

namespace netclsd {
namespace {

std::string parent_of(const std::string& directory) {
  const std::size_t slash = directory.rfind('/');
  return slash == std::string::npos ? "" : directory.substr(0, slash);
}

}  // namespace

void FakeHost::make_group_by_hand(const std::string& directory) {
  for (std::size_t end = directory.find('/'); end != std::string::npos; end = directory.find('/', end + 1)) {
    groups_.emplace(directory.substr(0, end), groups_.at(parent_of(directory.substr(0, end))));
  }
  groups_.emplace(directory, groups_.at(parent_of(directory)));
}

void FakeHost::remove_group_by_hand(const std::string& directory) {
  for (auto& [pid, process] : processes_) {
    if (is_within(process.net_cls, "/" + directory)) process.net_cls = "/";
  }
  std::erase_if(groups_, [&](const auto& group) { return is_within("/" + group.first, "/" + directory); });
}

// As long as an agent runs its registrations count, also those of containers that have ended.
bool FakeHost::is_unused() const {
  const auto lives = [&](const auto& entry) { return processes_.contains(entry.second.request.pid); };
  const auto is_in_group = [](const auto& process) { return process.second.net_cls != "/"; };
  const auto is_others = [](const auto& group) {
    return !is_within("/" + group.first, "/netclsd") && !group.first.empty();
  };
  return kept_.empty() && std::none_of(spool_.begin(), spool_.end(), lives) &&
         std::none_of(processes_.begin(), processes_.end(), is_in_group) &&
         std::none_of(groups_.begin(), groups_.end(), is_others);
}

void FakeHost::unmount() {
  for (auto& [pid, process] : processes_) process.net_cls = "/";
  std::erase_if(groups_, [](const auto& group) { return !group.first.empty(); });
  is_mounted = false;
}

std::size_t FakeHost::count_in(const std::string& directory) const {
  std::size_t count = 0;
  for (const auto& [pid, process] : processes_) count += process.net_cls == "/" + directory ? 1 : 0;
  return count;
}

std::optional<std::uint32_t> FakeHost::class_of(const std::string& net_cls_path) const {
  const auto group = groups_.find(net_cls_path.substr(1));
  return group == groups_.end() ? std::nullopt : std::optional(group->second);
}

Result<void> FakeHost::expect_ready(const std::string&) {
  return is_mounted ? Result<void>() : failure(ErrorCode::kNotMounted, "net_cls must be mounted first");
}

Result<void> FakeHost::make(const std::string& directory) {
  note_write();
  if (!is_mounted) return failure(ErrorCode::kNotMounted, "net_cls must be mounted first");
  if (const auto error = faults_.before(FaultPoint::kGroupMake)) return system_failure(*error, "make group", directory);
  trace_.note("make group", {}, directory);
  make_group_by_hand(directory);
  faults_.after(FaultPoint::kGroupMake);
  return {};
}

Result<AttachOutcome> FakeHost::attach(const std::string& directory, Pid pid) {
  note_write();
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
  if (is_half_born(found->second)) ++kernel_crashes_;
  found->second.net_cls = "/" + directory;
  pass(std::chrono::microseconds{5});
  faults_.after(FaultPoint::kCgroupAttach);
  if (!directory.empty()) ++moves_;
  return AttachOutcome::kAttached;
}

Result<std::uint32_t> FakeHost::classid(const std::string& directory) {
  ++classid_reads;
  const auto found = groups_.find(directory);
  if (found == groups_.end()) return failure(ErrorCode::kNotFound, "no group " + directory);
  return found->second;
}

Result<void> FakeHost::set_classid(const std::string& directory, std::uint32_t raw) {
  note_write();
  if (const auto error = faults_.before(FaultPoint::kClassidWrite)) return system_failure(*error, "write", directory);
  const auto found = groups_.find(directory);
  if (found == groups_.end()) return failure(ErrorCode::kNotFound, "no group " + directory);
  trace_.note("set classid", {}, directory, raw);
  ++classid_writes;
  found->second = raw;
  faults_.after(FaultPoint::kClassidWrite);
  return {};
}

Result<std::vector<Pid>> FakeHost::processes(const std::string& directory) {
  ++member_reads;
  std::vector<Pid> pids;
  for (const auto& [pid, process] : processes_) {
    if (process.net_cls == "/" + directory && !is_half_born(process)) pids.push_back(pid);
  }
  return pids;
}

Result<RemoveOutcome> FakeHost::remove(const std::string& directory) {
  note_write();
  if (const auto error = faults_.before(FaultPoint::kGroupRemove)) {
    if (*error == EBUSY) return RemoveOutcome::kNotEmpty;  // so says rmdir while a task is still ending
    return system_failure(*error, "remove group", directory);
  }
  const bool is_in_use = std::any_of(processes_.begin(), processes_.end(), [&](const auto& process) {
    return is_within(process.second.net_cls, "/" + directory);
  });
  if (is_in_use) return RemoveOutcome::kNotEmpty;
  trace_.note("remove group", {}, directory);
  remove_group_by_hand(directory);
  faults_.after(FaultPoint::kGroupRemove);
  return RemoveOutcome::kRemoved;
}

Result<std::vector<std::string>> FakeHost::children(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& [group, classid] : groups_) {
    if (!group.empty() && parent_of(group) == directory) names.push_back(group.substr(group.rfind('/') + 1));
  }
  return names;
}

Result<std::vector<std::string>> FakeHost::below(const std::string& directory) {
  if (!groups_.contains(directory)) return failure(ErrorCode::kNotFound, "no group " + directory);
  std::vector<std::string> found;
  for (const auto& [group, classid] : groups_) {
    if (group.starts_with(directory + "/")) found.push_back(group);
    if (found.size() > kGroupsBelowMax) return failure(ErrorCode::kTooLarge, "too many groups below " + directory);
  }
  return found;
}

}  // namespace netclsd
