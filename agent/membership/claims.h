// Which container a process belongs to, by where it is in the cgroup hierarchies, and which of two claims wins.
// Pure; used by the loop thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/model/cgroup_paths.h"

namespace netclsd {

// A registration's number: never reused while the agent runs.
struct ContainerNumber {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(ContainerNumber, ContainerNumber) = default;
};

// The path that belongs to one container alone (docs/architecture.md, "Membership").
struct MembershipPath {
  HierarchyName hierarchy;
  std::string path;
  friend bool operator==(const MembershipPath&, const MembershipPath&) = default;
};

struct Claim {
  std::optional<MembershipPath> membership;  // none: only descent counts
  std::string group_path;                    // the group in the net_cls hierarchy; never "/"
  bool is_adopted = false;                   // the runtime's own group
  std::optional<ContainerNumber> outer;      // the container that init itself was found in
};

class Claims {
 public:
  void set(ContainerNumber number, Claim claim);
  void remove(ContainerNumber number);
  [[nodiscard]] const Claim* find(ContainerNumber number) const;
  [[nodiscard]] bool is_empty() const { return claims_.empty(); }
  [[nodiscard]] std::size_t size() const { return claims_.size(); }

  // The registration with the longest membership path at or above the process's path.
  [[nodiscard]] std::optional<ContainerNumber> by_path(const CgroupPaths& cgroups) const;

  // The nearest registration of a claim by path and one by descent: the one inside the other; the path's if neither.
  [[nodiscard]] std::optional<ContainerNumber> nearest(std::optional<ContainerNumber> by_path,
                                                       std::optional<ContainerNumber> by_descent) const;

  // The registration whose group is at or above this path in the net_cls hierarchy; the nearest one.
  [[nodiscard]] std::optional<ContainerNumber> by_group(std::string_view net_cls_path) const;

  // In the container's group or below it, and in no group of a container inside of it.
  [[nodiscard]] bool is_placed(ContainerNumber number, const CgroupPaths& cgroups) const;

  // True if a registered container runs inside this one: then its processes may enter the inner one by path.
  [[nodiscard]] bool has_inner(ContainerNumber number) const;

  // True if only members may be at `net_cls_path`: the group is ours, and its members are known by their path.
  [[nodiscard]] bool guards_group(std::string_view net_cls_path) const;

 private:
  struct Hash {
    std::size_t operator()(ContainerNumber number) const noexcept { return number.value; }
  };
  struct PathIndex {
    HierarchyName hierarchy;
    std::unordered_map<std::string, ContainerNumber> containers;
  };
  [[nodiscard]] bool is_inside(ContainerNumber inner, ContainerNumber outer) const;
  PathIndex& index_of(const HierarchyName& hierarchy);

  std::unordered_map<ContainerNumber, Claim, Hash> claims_;
  std::vector<PathIndex> indexes_;  // one for each hierarchy in use: one or two
  std::unordered_map<std::string, ContainerNumber> by_group_;
  std::unordered_map<ContainerNumber, std::uint32_t, Hash> inner_counts_;
};

}  // namespace netclsd
