#include "agent/core/claims.h"

#include <algorithm>

namespace netclsd {
namespace {

constexpr int kNestingMax = 32;  // bounds the walk outwards, whatever a registration claims

}  // namespace

void Claims::set(ContainerNumber number, Claim claim) {
  remove(number);
  if (claim.membership)
    index_of(claim.membership->hierarchy).containers.insert_or_assign(claim.membership->path, number);
  if (claim.outer) ++inner_counts_[*claim.outer];
  claims_.emplace(number, std::move(claim));
}

void Claims::remove(ContainerNumber number) {
  const auto found = claims_.find(number);
  if (found == claims_.end()) return;
  const Claim& claim = found->second;
  if (claim.membership) {
    auto& containers = index_of(claim.membership->hierarchy).containers;
    const auto entry = containers.find(claim.membership->path);
    if (entry != containers.end() && entry->second == number) containers.erase(entry);
  }
  if (claim.outer && --inner_counts_[*claim.outer] == 0) inner_counts_.erase(*claim.outer);
  claims_.erase(found);
}

const Claim* Claims::find(ContainerNumber number) const {
  const auto found = claims_.find(number);
  return found == claims_.end() ? nullptr : &found->second;
}

std::optional<ContainerNumber> Claims::by_path(const CgroupPaths& cgroups) const {
  for (const PathIndex& index : indexes_) {
    const std::string* path = cgroups.find(index.hierarchy);
    if (path == nullptr || index.containers.empty()) continue;
    for (std::optional<std::string_view> at = *path; at; at = parent_path(*at)) {
      const auto found = index.containers.find(std::string(*at));
      if (found != index.containers.end() && is_within(*path, *at)) return found->second;
    }
  }
  return std::nullopt;
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
  return claim != nullptr && path != nullptr && !claim->group_path.empty() && is_within(*path, claim->group_path);
}

bool Claims::has_inner(ContainerNumber number) const { return inner_counts_.contains(number); }

bool Claims::owns_group(std::string_view net_cls_path) const {
  return std::any_of(claims_.begin(), claims_.end(), [&](const auto& entry) {
    const std::string& group = entry.second.group_path;
    return !group.empty() && is_within(net_cls_path, group);
  });
}

bool Claims::guards_group(std::string_view net_cls_path) const {
  return std::any_of(claims_.begin(), claims_.end(), [&](const auto& entry) {
    const Claim& claim = entry.second;
    const bool is_guarded = claim.membership && !claim.is_adopted && !claim.group_path.empty();
    return is_guarded && is_within(net_cls_path, claim.group_path);
  });
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
