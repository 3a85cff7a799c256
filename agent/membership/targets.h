// What is tracked, whoever wants it tracked: a group, its class, and which processes belong there. A container is the
// owner of one target. Answers whose target a process is by where it is in the cgroup hierarchies, and which of two
// claims wins. Pure; used by the loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/model/cgroup_paths.h"
#include "common/model/class_id.h"
#include "common/model/process.h"

namespace netclsd {

// A target's number: never reused while the agent runs.
struct TargetNumber {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(TargetNumber, TargetNumber) = default;
};

// The path that belongs to one target alone (docs/architecture.md, "Membership").
struct MembershipPath {
  HierarchyName hierarchy;
  std::string path;
  friend bool operator==(const MembershipPath&, const MembershipPath&) = default;
};

struct Target {
  std::string owner;  // for messages, and the name of a group of ours: a container's id
  ClassChoice choice;
  std::string directory;                          // of the group, relative to the net_cls mount
  bool is_adopted = false;                        // somebody else made the group: never removed by us
  std::optional<MembershipPath> membership = {};  // none: only descent counts
  std::optional<TargetNumber> outer = {};         // the target that init itself was found in
  ProcessKey init = {};                           // its descendants are members
  bool has_init_ended = false;
  bool is_reaper = false;  // init is the first process of a pid namespace: the kernel gives it that one's orphans
  friend bool operator==(const Target&, const Target&) = default;
};

// Which process's descendants are members.
struct Init {
  TargetNumber target;
  ProcessKey process;
  bool is_reaper = false;  // of a pid namespace: its children may be orphans of others that joined it
};

// Is told of each change when it has been made. Must not change targets itself.
class TargetObserver {
 public:
  virtual ~TargetObserver() = default;
  virtual void on_target_added(TargetNumber /*number*/, const Target& /*target*/) {}
  // Its class, group or membership path.
  virtual void on_target_changed(TargetNumber /*number*/, const Target& /*before*/, const Target& /*now*/) {}
  virtual void on_target_removed(TargetNumber /*number*/, const Target& /*target*/) {}
};

class Targets {
 public:
  // `mount_root`: what of the net_cls hierarchy is mounted, as this agent reads it ("/" or "/.."). Where a group is in
  // /proc/PID/cgroup follows from it and the group's directory, wherever its processes are.
  explicit Targets(std::string mount_root) : mount_root_(std::move(mount_root)) {}

  // Before the first target is added. Each outlives the targets, and is told in the order of these calls.
  void observe(TargetObserver& observer) { observers_.push_back(&observer); }

  // If its init has ended already, that one's number may be another target's init.
  TargetNumber add(Target target);
  void remove(TargetNumber number);  // targets inside it are then inside of its outer one
  // All these need a target of that number.
  void set_class(TargetNumber number, ClassChoice choice);
  void give_group(TargetNumber number, std::string directory);  // one of ours, in place of an adopted one
  void set_membership(TargetNumber number, MembershipPath membership);
  void set_outer(TargetNumber number, std::optional<TargetNumber> outer);
  void set_reaper(TargetNumber number, bool is_reaper);
  void note_init_ended(TargetNumber number);

  // References and pointers to a target hold until it is removed.
  [[nodiscard]] const Target* find(TargetNumber number) const;
  [[nodiscard]] const Target& at(TargetNumber number) const;  // there is one
  // The last that was added with this init.
  [[nodiscard]] std::optional<TargetNumber> find_by_init(Pid pid) const;
  [[nodiscard]] std::vector<TargetNumber> numbers() const;  // in their order
  [[nodiscard]] std::vector<Init> inits() const;            // likewise
  [[nodiscard]] bool is_empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool has_ended() const { return ended_ > 0; }  // one whose init has ended

  // The target with the longest membership path at or above the process's path.
  [[nodiscard]] std::optional<TargetNumber> by_path(const CgroupPaths& cgroups) const;

  // The nearest of a claim by path and one by descent: the one inside the other; the path's if neither.
  [[nodiscard]] std::optional<TargetNumber> nearest(std::optional<TargetNumber> by_path,
                                                    std::optional<TargetNumber> by_descent) const;

  // The target whose group is at or above this path in the net_cls hierarchy, or at or above this directory of the
  // mount; the nearest one.
  [[nodiscard]] std::optional<TargetNumber> by_group(std::string_view net_cls_path) const;
  [[nodiscard]] std::optional<TargetNumber> by_directory(std::string_view directory) const;

  // In the target's group or below it, and in no group of a target inside of it.
  [[nodiscard]] bool is_placed(TargetNumber number, const CgroupPaths& cgroups) const;

  // True if another target is inside this one: then its processes may enter the inner one by path.
  [[nodiscard]] bool has_inner(TargetNumber number) const;

  // True if only members may be at `net_cls_path`: the group is ours, and its members are known by their path.
  [[nodiscard]] bool guards_group(std::string_view net_cls_path) const;

 private:
  struct Hash {
    std::size_t operator()(TargetNumber number) const noexcept { return number.value; }
  };
  struct Entry {
    Target target;
    std::string group_path;  // in the net_cls hierarchy; never "/"
  };
  struct PathIndex {
    HierarchyName hierarchy;
    std::unordered_map<std::string, TargetNumber> targets;
  };
  template <typename Change>
  void change(TargetNumber number, const Change& change);
  void index(TargetNumber number, const Entry& entry);
  void unindex(TargetNumber number, const Entry& entry);
  [[nodiscard]] bool is_inside(TargetNumber inner, TargetNumber outer) const;
  PathIndex& index_of(const HierarchyName& hierarchy);

  std::string mount_root_;
  std::vector<TargetObserver*> observers_;
  std::uint32_t last_number_ = 0;
  std::size_t ended_ = 0;
  std::map<TargetNumber, Entry> entries_;
  std::vector<PathIndex> indexes_;  // one for each hierarchy in use: one or two
  std::unordered_map<std::string, TargetNumber> by_group_;
  std::unordered_map<Pid, TargetNumber> by_init_;
  std::unordered_map<TargetNumber, std::uint32_t, Hash> inner_counts_;
};

}  // namespace netclsd
