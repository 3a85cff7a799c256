// The targets' groups. Makes those that are ours to make, and keeps the class in each and in the groups below it.
// Loop thread only.
//
// A group copies its parent's classid only when it is made. Docker in docker, kind and LXC make groups below an adopted
// one on cgroup v1. A privileged container may give another class to any group below its own. So the whole subtree is
// written, except the groups of other targets.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/host/host.h"
#include "agent/membership/targets.h"
#include "agent/metrics/counters.h"
#include "agent/placing/intake.h"

namespace netclsd {

class Groups {
 public:
  static constexpr std::size_t kGroupsPerSweepMax = 4'000;  // some 15 µs each

  // `parent`: the directory of the groups that we make.
  Groups(Host& host, Intake& intake, Targets& targets, const std::string& parent, Counters& counters)
      : host_(host), intake_(intake), targets_(targets), parent_(parent), counters_(counters) {}

  // Makes the group unless it is adopted, and writes the class where it is missing. True if something was written.
  [[nodiscard]] Result<bool> prepare(const Target& target);
  // Writes the class into the group and all groups below it that have another. True if something was written.
  [[nodiscard]] Result<bool> write_class(const Target& target);
  // Writes the class once more wherever it is set in the subtree. The kernel then gives it to each socket that a member
  // has open now (write_classid() in net/core/netclassid_cgroup.c). That walks through the descriptors of all members:
  // 100 µs for 10,000 open sockets, and older kernels do it for each thread. So only where it may matter.
  [[nodiscard]] Result<void> tag_sockets_again(const Target& target);
  // For an adopted group, which stays when its target is removed: replaces the target's class by `raw`
  // wherever it is set in the subtree. 0: no class.
  [[nodiscard]] Result<void> replace_class(const Target& target, std::uint32_t raw);

  // Repairs what was removed or overwritten by hand. An adopted group that is gone while its init lives is
  // replaced by one of ours. Drains after each target. Looks at about kGroupsPerSweepMax groups below the targets' own;
  // the next sweep goes on from there.
  void repair_all();

  // All processes of the group `directory` go to the group `refuge` ("": the hierarchy's root). kUnavailable: they fork
  // faster than they can be moved.
  [[nodiscard]] Result<void> move_all_out(const std::string& directory, const std::string& refuge);

  // The group and those below it, without the groups of other targets. kNotFound: it is gone.
  [[nodiscard]] Result<std::vector<std::string>> subtree(const Target& target);

 private:
  [[nodiscard]] Result<bool> repair(TargetNumber number);
  [[nodiscard]] Result<bool> make_again(const Target& target, bool is_alive);
  [[nodiscard]] Result<bool> repair_classes(const Target& target);
  // Into those of `groups`, the target's own first, that have a class to be changed. True if something was written.
  // kNotFound: its own is gone; any other may be.
  using ToChange = std::function<bool(std::uint32_t classid)>;
  [[nodiscard]] Result<bool> write(const std::vector<std::string>& groups, std::uint32_t raw,
                                   const ToChange& is_to_change);

  Host& host_;
  Intake& intake_;
  Targets& targets_;
  const std::string& parent_;
  Counters& counters_;
  std::size_t begin_with_ = 0;   // of the targets, the one that the next sweep looks below first
  std::size_t groups_left_ = 0;  // that this sweep may still look at below targets' own
};

}  // namespace netclsd
