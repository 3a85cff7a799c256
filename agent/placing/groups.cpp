#include "agent/placing/groups.h"

#include <algorithm>
#include <iterator>

namespace netclsd {
namespace {

constexpr int kMoveOutRoundsMax = 16;  // processes that fork while being moved out: give up after this many looks

bool whatever_it_has(std::uint32_t) { return true; }

}  // namespace

Result<bool> Groups::prepare(const Registration& registration) {
  if (!registration.is_adopted) {
    if (auto made = host_.net_cls.make(registration.directory); !made) return pass_on(made.error());
  }
  return write_class(registration);
}

Result<bool> Groups::write_class(const Registration& registration) {
  const auto groups = subtree(registration);
  if (!groups) return pass_on(groups.error());
  return write(*groups, registration.classid.raw(), whatever_it_has);
}

Result<void> Groups::replace_class(const Registration& registration, std::uint32_t raw) {
  const auto groups = subtree(registration);
  const auto written = groups
                           ? write(*groups, raw, [&](std::uint32_t now) { return now == registration.classid.raw(); })
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
  auto numbers = containers_.numbers();
  if (numbers.empty()) return;
  begin_with_ %= numbers.size();
  std::rotate(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(begin_with_), numbers.end());
  groups_left_ = kGroupsPerSweepMax;
  std::size_t looked_below = 0;
  for (const ContainerNumber number : numbers) {
    looked_below += groups_left_ > 0 ? 1 : 0;
    const auto repaired = repair(number);
    if (repaired && *repaired) counters_.groups_repaired.add();
    if (!repaired) {
      host_.reporter.problem("group_repair_failed", containers_.find(number)->registration.id.text(), repaired.error());
    }
    intake_.drain();
  }
  begin_with_ += looked_below;
}

Result<bool> Groups::repair(ContainerNumber number) {
  const Container& container = *containers_.find(number);
  const Registration registration = container.registration;
  auto repaired = repair_classes(registration);
  const bool is_gone = !repaired && repaired.error().code() == ErrorCode::kNotFound;
  if (!is_gone) return repaired;
  const ProcessKey& init = registration.init;
  const bool is_alive = !container.has_init_ended && host_.processes.start_time(init.pid) == init.start_time;
  if (!registration.is_adopted) return make_again(registration, is_alive);
  if (!is_alive) return false;  // the runtime removed it with the container
  containers_.give_group(number, parent_ + "/" + registration.id.text());
  keeper_.keep(containers_.find(number)->registration);  // before it is made: a crash leaves nothing behind
  return prepare(containers_.find(number)->registration);
}

// A hierarchy that no living container needs may be unmounted sooner than we release one that has ended.
Result<bool> Groups::make_again(const Registration& registration, bool is_alive) {
  auto made = prepare(registration);
  const bool needs_none = !is_alive && !made && made.error().code() == ErrorCode::kNotMounted;
  return needs_none ? Result<bool>(false) : made;
}

Result<bool> Groups::repair_classes(const Registration& registration) {
  const std::uint32_t raw = registration.classid.raw();
  if (groups_left_ == 0) return write({registration.directory}, raw, whatever_it_has);
  const auto groups = subtree(registration);
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

Result<std::vector<std::string>> Groups::subtree(const Registration& registration) {
  auto below = host_.net_cls.below(registration.directory);
  if (!below && below.error().code() == ErrorCode::kTooLarge) {  // its own group is looked after all the same
    host_.reporter.problem("groups_below_not_looked_at", registration.id.text(), below.error());
    return std::vector<std::string>{registration.directory};
  }
  if (!below) return pass_on(below.error());
  std::vector<std::string> groups{registration.directory};
  std::copy_if(below->begin(), below->end(), std::back_inserter(groups), [&](const std::string& group) {
    const Container* owner = containers_.find_by_group(group);
    return owner == nullptr || owner->registration.id == registration.id;
  });
  return groups;
}

}  // namespace netclsd
