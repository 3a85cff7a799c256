#include "agent/membership/claims.h"

#include <algorithm>

namespace netclsd {
namespace {

constexpr int kNestingMax = 32;  // bounds the walk outwards, whatever a registration claims

using Index = std::unordered_map<std::string, ContainerNumber>;

// The entry of `path` or of the nearest directory above it.
std::optional<ContainerNumber> find_at_or_above(const Index& index, std::string_view path) {
  if (index.empty()) return std::nullopt;
  for (std::optional<std::string_view> at = path; at; at = parent_path(*at)) {
    const auto found = index.find(std::string(*at));
    if (found != index.end() && is_within(path, *at)) return found->second;
  }
  return std::nullopt;
}

void erase_own(Index& index, const std::string& path, ContainerNumber number) {
  const auto found = index.find(path);
  if (found != index.end() && found->second == number) index.erase(found);
}

}  // namespace

void Claims::set(ContainerNumber number, Claim claim) {
  remove(number);
  if (claim.membership)
    index_of(claim.membership->hierarchy).containers.insert_or_assign(claim.membership->path, number);
  if (claim.outer) ++inner_counts_[*claim.outer];
  by_group_.insert_or_assign(claim.group_path, number);
  claims_.emplace(number, std::move(claim));
}

void Claims::remove(ContainerNumber number) {
  const auto found = claims_.find(number);
  if (found == claims_.end()) return;
  const Claim& claim = found->second;
  if (claim.membership) erase_own(index_of(claim.membership->hierarchy).containers, claim.membership->path, number);
  if (claim.outer && --inner_counts_[*claim.outer] == 0) inner_counts_.erase(*claim.outer);
  erase_own(by_group_, claim.group_path, number);
  claims_.erase(found);
}

const Claim* Claims::find(ContainerNumber number) const {
  const auto found = claims_.find(number);
  return found == claims_.end() ? nullptr : &found->second;
}

std::optional<ContainerNumber> Claims::by_path(const CgroupPaths& cgroups) const {
  for (const PathIndex& index : indexes_) {
    const std::string* path = cgroups.find(index.hierarchy);
    const auto found = path == nullptr ? std::nullopt : find_at_or_above(index.containers, *path);
    if (found) return found;
  }
  return std::nullopt;
}

std::optional<ContainerNumber> Claims::by_group(std::string_view net_cls_path) const {
  return find_at_or_above(by_group_, net_cls_path);
}

std::optional<ContainerNumber> Claims::nearest(std::optional<ContainerNumber> by_path,
                                               std::optional<ContainerNumber> by_descent) const {
  if (!by_path) return by_descent;
  if (by_descent && is_inside(*by_descent, *by_path)) return by_descent;
  return by_path;
}

bool Claims::is_placed(ContainerNumber number, const CgroupPaths& cgroups) const {
  const Claim* claim = find(number);
  const std::string* path = cgroups.net_cls();
  if (claim == nullptr || path == nullptr || !is_within(*path, claim->group_path)) return false;
  return *path == claim->group_path || by_group(*path) == number;  // nearly always the former
}

bool Claims::has_inner(ContainerNumber number) const { return inner_counts_.contains(number); }

bool Claims::guards_group(std::string_view net_cls_path) const {
  const auto owner = by_group(net_cls_path);
  const Claim* claim = owner ? find(*owner) : nullptr;
  return claim != nullptr && claim->membership && !claim->is_adopted;
}

bool Claims::is_inside(ContainerNumber inner, ContainerNumber outer) const {
  const Claim* claim = find(inner);
  for (int depth = 0; depth < kNestingMax && claim != nullptr && claim->outer; ++depth) {
    if (*claim->outer == outer) return true;
    claim = find(*claim->outer);
  }
  return false;
}

Claims::PathIndex& Claims::index_of(const HierarchyName& hierarchy) {
  const auto found = std::find_if(indexes_.begin(), indexes_.end(),
                                  [&](const PathIndex& index) { return index.hierarchy == hierarchy; });
  if (found != indexes_.end()) return *found;
  return indexes_.emplace_back(PathIndex{hierarchy, {}});
}

}  // namespace netclsd
