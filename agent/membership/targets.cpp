#include "agent/membership/targets.h"

#include <algorithm>

#include "common/base/error.h"

namespace netclsd {
namespace {

constexpr int kNestingMax = 32;  // bounds the walk outwards, whatever a target claims

using Index = std::unordered_map<std::string, TargetNumber>;

// The entry of `path` or of the nearest directory above it.
std::optional<TargetNumber> find_at_or_above(const Index& index, std::string_view path) {
  if (index.empty()) return std::nullopt;
  for (std::optional<std::string_view> at = path; at; at = parent_path(*at)) {
    const auto found = index.find(std::string(*at));
    if (found != index.end() && is_within(path, *at)) return found->second;
  }
  return std::nullopt;
}

void erase_own(Index& index, const std::string& path, TargetNumber number) {
  const auto found = index.find(path);
  if (found != index.end() && found->second == number) index.erase(found);
}

}  // namespace

TargetNumber Targets::add(Target target) {
  const TargetNumber number{++last_number_};
  std::string group_path = join_paths(mount_root_, target.directory);
  const Entry& added = entries_.emplace(number, Entry{std::move(target), std::move(group_path)}).first->second;
  index(number, added);
  if (added.target.outer) ++inner_counts_[*added.target.outer];
  if (added.target.has_init_ended) ++ended_;
  const Pid init = added.target.init.pid;
  if (init != Pid{} && !added.target.has_init_ended) by_init_.insert_or_assign(init, number);
  for (TargetObserver* observer : observers_) observer->on_target_added(number, added.target);
  return number;
}

void Targets::remove(TargetNumber number) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  const auto outer = found->second.target.outer;
  for (const TargetNumber other : has_inner(number) ? numbers() : std::vector<TargetNumber>{}) {
    if (at(other).outer == number) set_outer(other, outer);
  }
  set_outer(number, std::nullopt);
  unindex(number, found->second);
  const Target target = std::move(found->second.target);
  if (target.has_init_ended) --ended_;
  const auto init = by_init_.find(target.init.pid);
  if (init != by_init_.end() && init->second == number) by_init_.erase(init);
  entries_.erase(found);
  for (TargetObserver* observer : observers_) observer->on_target_removed(number, target);
}

void Targets::index(TargetNumber number, const Entry& entry) {
  const auto& membership = entry.target.membership;
  if (membership) index_of(membership->hierarchy).targets.insert_or_assign(membership->path, number);
  by_group_.insert_or_assign(entry.group_path, number);
}

void Targets::unindex(TargetNumber number, const Entry& entry) {
  const auto& membership = entry.target.membership;
  if (membership) erase_own(index_of(membership->hierarchy).targets, membership->path, number);
  erase_own(by_group_, entry.group_path, number);
}

template <typename Change>
void Targets::change(TargetNumber number, const Change& change) {
  const auto found = entries_.find(number);
  CHECK(found != entries_.end());
  Entry& entry = found->second;
  const Target before = entry.target;
  unindex(number, entry);
  change(entry.target);
  entry.group_path = join_paths(mount_root_, entry.target.directory);
  index(number, entry);
  for (TargetObserver* observer : observers_) observer->on_target_changed(number, before, entry.target);
}

void Targets::set_class(TargetNumber number, ClassChoice choice) {
  change(number, [&](Target& target) { target.choice = std::move(choice); });
}

void Targets::give_group(TargetNumber number, std::string directory) {
  change(number, [&](Target& target) {
    target.directory = std::move(directory);
    target.is_adopted = false;
  });
}

void Targets::set_membership(TargetNumber number, MembershipPath membership) {
  change(number, [&](Target& target) { target.membership = std::move(membership); });
}

void Targets::set_outer(TargetNumber number, std::optional<TargetNumber> outer) {
  const auto found = entries_.find(number);
  CHECK(found != entries_.end() && number != outer);
  auto& now = found->second.target.outer;
  if (now && --inner_counts_[*now] == 0) inner_counts_.erase(*now);
  now = outer;
  if (now) ++inner_counts_[*now];
}

void Targets::set_reaper(TargetNumber number, bool is_reaper) {
  const auto found = entries_.find(number);
  CHECK(found != entries_.end());
  found->second.target.is_reaper = is_reaper;
}

void Targets::note_init_ended(TargetNumber number) {
  const auto found = entries_.find(number);
  CHECK(found != entries_.end());
  if (!std::exchange(found->second.target.has_init_ended, true)) ++ended_;
}

const Target* Targets::find(TargetNumber number) const {
  const auto found = entries_.find(number);
  return found == entries_.end() ? nullptr : &found->second.target;
}

const Target& Targets::at(TargetNumber number) const {
  const Target* target = find(number);
  CHECK(target != nullptr);
  return *target;
}

std::optional<TargetNumber> Targets::find_by_init(Pid pid) const {
  const auto found = by_init_.find(pid);
  return found == by_init_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<TargetNumber> Targets::numbers() const {
  std::vector<TargetNumber> numbers;
  numbers.reserve(entries_.size());
  for (const auto& [number, entry] : entries_) numbers.push_back(number);
  return numbers;
}

std::vector<Init> Targets::inits() const {
  std::vector<Init> inits;
  inits.reserve(entries_.size());
  for (const auto& [number, entry] : entries_) inits.push_back({number, entry.target.init, entry.target.is_reaper});
  return inits;
}

std::optional<TargetNumber> Targets::by_path(const CgroupPaths& cgroups) const {
  for (const PathIndex& index : indexes_) {
    const std::string* path = cgroups.find(index.hierarchy);
    const auto found = path == nullptr ? std::nullopt : find_at_or_above(index.targets, *path);
    if (found) return found;
  }
  return std::nullopt;
}

std::optional<TargetNumber> Targets::by_group(std::string_view net_cls_path) const {
  return find_at_or_above(by_group_, net_cls_path);
}

std::optional<TargetNumber> Targets::by_directory(std::string_view directory) const {
  return by_group(join_paths(mount_root_, directory));
}

std::optional<TargetNumber> Targets::nearest(std::optional<TargetNumber> by_path,
                                             std::optional<TargetNumber> by_descent) const {
  if (!by_path) return by_descent;
  if (by_descent && is_inside(*by_descent, *by_path)) return by_descent;
  return by_path;
}

bool Targets::is_placed(TargetNumber number, const CgroupPaths& cgroups) const {
  const auto found = entries_.find(number);
  const std::string* path = cgroups.net_cls();
  if (found == entries_.end() || path == nullptr) return false;
  const std::string& group_path = found->second.group_path;
  return is_within(*path, group_path) && (*path == group_path || by_group(*path) == number);  // nearly always equal
}

bool Targets::has_inner(TargetNumber number) const { return inner_counts_.contains(number); }

bool Targets::guards_group(std::string_view net_cls_path) const {
  const auto owner = by_group(net_cls_path);
  const Target* target = owner ? find(*owner) : nullptr;
  return target != nullptr && target->membership && !target->is_adopted;
}

bool Targets::is_inside(TargetNumber inner, TargetNumber outer) const {
  const Target* target = find(inner);
  for (int depth = 0; depth < kNestingMax && target != nullptr && target->outer; ++depth) {
    if (*target->outer == outer) return true;
    target = find(*target->outer);
  }
  return false;
}

Targets::PathIndex& Targets::index_of(const HierarchyName& hierarchy) {
  const auto found = std::find_if(indexes_.begin(), indexes_.end(),
                                  [&](const PathIndex& index) { return index.hierarchy == hierarchy; });
  if (found != indexes_.end()) return *found;
  return indexes_.emplace_back(PathIndex{hierarchy, {}});
}

}  // namespace netclsd
