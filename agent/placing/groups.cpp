#include "agent/placing/groups.h"

#include <algorithm>
#include <iterator>

namespace netclsd {
namespace {

constexpr int kMoveOutRoundsMax = 16;  // processes that fork while being moved out: give up after this many looks

bool whatever_it_has(std::uint32_t) { return true; }

}  // namespace

Result<bool> Groups::prepare(const Target& target) {
  if (!target.is_adopted) {
    if (auto made = host_.net_cls.make(target.directory); !made) return pass_on(made.error());
  }
  return write_class(target);
}

Result<bool> Groups::write_class(const Target& target) {
  const auto groups = subtree(target);
  if (!groups) return pass_on(groups.error());
  return write(*groups, target.choice.classid.raw(), whatever_it_has);
}

Result<void> Groups::tag_sockets_again(const Target& target) {
  const std::uint32_t raw = target.choice.classid.raw();
  const auto groups = subtree(target);
  if (!groups) return pass_on(groups.error());
  for (const std::string& group : *groups) {
    const auto classid = host_.net_cls.classid(group);
    if (!classid || *classid != raw) continue;  // gone, or changed by hand: the next sweep repairs it
    const auto written = host_.net_cls.set_classid(group, raw);
    if (!written && written.error().code() != ErrorCode::kNotFound) return written;
  }
  counters_.sockets_tagged_again.add();
  return {};
}

Result<void> Groups::replace_class(const Target& target, std::uint32_t raw) {
  const auto groups = subtree(target);
  const auto written = groups
                           ? write(*groups, raw, [&](std::uint32_t now) { return now == target.choice.classid.raw(); })
                           : Result<bool>(pass_on(groups.error()));
  if (!written && written.error().code() != ErrorCode::kNotFound) return pass_on(written.error());
  return {};
}

Result<bool> Groups::write(const std::vector<std::string>& groups, std::uint32_t raw, const ToChange& is_to_change) {
  bool has_written = false;
  for (const std::string& group : groups) {
    const auto classid = host_.net_cls.classid(group);
    if (classid && (*classid == raw || !is_to_change(*classid))) continue;
    const auto written = classid ? host_.net_cls.set_classid(group, raw) : Result<void>(pass_on(classid.error()));
    const bool is_gone = !written && written.error().code() == ErrorCode::kNotFound;
    if (is_gone && group != groups.front()) continue;  // removed meanwhile
    if (!written) return pass_on(written.error());
    has_written = true;
  }
  return has_written;
}

void Groups::repair_all() {
  auto numbers = targets_.numbers();
  if (numbers.empty()) return;
  begin_with_ %= numbers.size();
  std::rotate(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(begin_with_), numbers.end());
  groups_left_ = kGroupsPerSweepMax;
  std::size_t looked_below = 0;
  for (const TargetNumber number : numbers) {
    looked_below += groups_left_ > 0 ? 1 : 0;
    const auto repaired = repair(number);
    if (repaired && *repaired) counters_.groups_repaired.add();
    if (!repaired) {
      host_.reporter.problem("group_repair_failed", targets_.at(number).owner, repaired.error());
    }
    intake_.drain();
  }
  begin_with_ += looked_below;
}

Result<bool> Groups::repair(TargetNumber number) {
  const Target& target = targets_.at(number);
  auto repaired = repair_classes(target);
  const bool is_gone = !repaired && repaired.error().code() == ErrorCode::kNotFound;
  if (!is_gone) return repaired;
  const bool is_alive = !target.has_init_ended && host_.processes.start_time(target.init.pid) == target.init.start_time;
  if (!target.is_adopted) return make_again(target, is_alive);
  if (!is_alive) return false;  // the runtime removed it with the container
  // The owner writes it down before the group is made: a crash leaves nothing behind.
  targets_.give_group(number, parent_ + "/" + target.owner);
  return prepare(target);
}

// A hierarchy that no living container needs may be unmounted sooner than we release one that has ended.
Result<bool> Groups::make_again(const Target& target, bool is_alive) {
  auto made = prepare(target);
  const bool needs_none = !is_alive && !made && made.error().code() == ErrorCode::kNotMounted;
  return needs_none ? Result<bool>(false) : made;
}

Result<bool> Groups::repair_classes(const Target& target) {
  const std::uint32_t raw = target.choice.classid.raw();
  if (groups_left_ == 0) return write({target.directory}, raw, whatever_it_has);
  const auto groups = subtree(target);
  if (!groups) return pass_on(groups.error());
  groups_left_ -= std::min(groups_left_, groups->size() - 1);
  return write(*groups, raw, whatever_it_has);
}

Result<void> Groups::move_all_out(const std::string& directory, const std::string& refuge) {
  for (int round = 0; round < kMoveOutRoundsMax; ++round) {
    const auto inside = host_.net_cls.processes(directory);
    if (!inside) return pass_on(inside.error());
    if (inside->empty()) return {};
    for (const Pid pid : *inside) {
      if (auto moved = host_.net_cls.attach(refuge, pid); !moved) return pass_on(moved.error());
    }
  }
  return failure(ErrorCode::kUnavailable, "the container forks faster than its processes can be moved out");
}

Result<std::vector<std::string>> Groups::subtree(const Target& target) {
  auto below = host_.net_cls.below(target.directory);
  if (!below && below.error().code() == ErrorCode::kTooLarge) {  // its own group is looked after all the same
    host_.reporter.problem("groups_below_not_looked_at", target.owner, below.error());
    return std::vector<std::string>{target.directory};
  }
  if (!below) return pass_on(below.error());
  std::vector<std::string> groups{target.directory};
  std::copy_if(below->begin(), below->end(), std::back_inserter(groups), [&](const std::string& group) {
    const auto nearest = targets_.by_directory(group);
    return !nearest || targets_.at(*nearest).directory == target.directory;
  });
  return groups;
}

}  // namespace netclsd
