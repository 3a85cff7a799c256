#include "carry/kernel_maps.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "carry/program/maps.h"

namespace netclsd::carry {
namespace {

constexpr std::uint32_t kOnly = 0;         // the key of the settings
constexpr std::size_t kKeysMax = 100'000;  // more than any map has: the kernel starts anew if a key vanishes meanwhile

template <typename Key>
Result<std::vector<Key>> keys_of(int map) {
  std::vector<Key> keys;
  Key next{};
  while (bpf_map_get_next_key(map, keys.empty() ? nullptr : &keys.back(), &next) == 0) {
    if (keys.size() == kKeysMax) return failure(ErrorCode::kTooLarge, "a map has no end");
    keys.push_back(next);
  }
  if (errno != ENOENT) return system_failure(errno, "list a map");
  return keys;
}

// std::nullopt: it is not there.
template <typename Value, typename Key>
Result<std::optional<Value>> value_of(int map, const Key& key) {
  Value value{};
  if (bpf_map_lookup_elem(map, &key, &value) == 0) return std::optional(value);
  if (errno == ENOENT) return std::optional<Value>{};
  return system_failure(errno, "read a map");
}

template <typename Key, typename Value>
Result<void> put(int map, const Key& key, const Value& value) {
  return bpf_map_update_elem(map, &key, &value, BPF_ANY) == 0 ? Result<void>{} : system_failure(errno, "write a map");
}

template <typename Key>
Result<void> remove(int map, const Key& key) {
  if (bpf_map_delete_elem(map, &key) == 0 || errno == ENOENT) return {};
  return system_failure(errno, "write a map");
}

carry_settings to_settings(const CarryConfig& carry) {
  std::uint32_t flags = 0;
  if (carry.to_mark) flags |= CARRY_TO_MARK;
  if (carry.to_priority) flags |= CARRY_TO_PRIORITY;
  if (!carry.values) flags |= CARRY_WHOLE_CLASSID;
  return {.flags = flags, .mask = carry.mask, .shift = carry.shift, .unused = 0};
}

Traffic to_traffic(const carry_count& count) { return {count.packets, count.bytes, count.by_fallback}; }

}  // namespace

KernelMaps::KernelMaps(const LoadedProgram& program)
    : program_(program), cpus_(static_cast<std::size_t>(std::max(libbpf_num_possible_cpus(), 1))) {}

Result<void> KernelMaps::set(const CarryConfig& carry) {
  const int values = program_.map(Map::kValues);
  const auto wanted = carry.values.value_or(std::map<ClassId, std::uint32_t>{});
  for (const auto& [classid, value] : wanted) {
    if (auto written = put(values, classid.raw(), value); !written) return written;
  }
  if (auto written = put(program_.map(Map::kSettings), kOnly, to_settings(carry)); !written) return written;
  const auto keys = keys_of<std::uint32_t>(values);
  if (!keys) return pass_on(keys.error());
  for (const std::uint32_t key : *keys) {
    const auto classid = ClassId::from_raw(key);
    if (classid && wanted.contains(*classid)) continue;
    if (auto removed = remove(values, key); !removed) return removed;
  }
  return {};
}

Result<Members> KernelMaps::members() const {
  const int map = program_.map(Map::kContainers);
  const auto keys = keys_of<CgroupId>(map);
  if (!keys) return pass_on(keys.error());
  Members members;
  for (const CgroupId key : *keys) {
    const auto value = value_of<carry_container>(map, key);
    if (!value) return pass_on(value.error());
    if (*value) members.emplace(key, Member{(*value)->classid, (*value)->owner});
  }
  return members;
}

Result<void> KernelMaps::set_members(const Members& members, const Members& now) {
  const int map = program_.map(Map::kContainers);
  for (const auto& [cgroup, member] : members) {
    const auto known = now.find(cgroup);
    if (known != now.end() && known->second == member) continue;
    const carry_container value{.classid = member.classid, .owner = member.owner};
    if (auto written = put(map, cgroup, value); !written) return written;
  }
  for (const auto& [cgroup, member] : now) {
    if (members.contains(cgroup)) continue;
    if (auto removed = remove(map, cgroup); !removed) return removed;
  }
  return {};
}

Result<Traffic> KernelMaps::count_of(const CountKey& key) const {
  const carry_count_key raw{.ifindex = key.index, .owner = key.owner, .classid = key.classid};
  std::vector<carry_count> each(cpus_);
  if (bpf_map_lookup_elem(program_.map(Map::kCounts), &raw, each.data()) != 0) {
    return errno == ENOENT ? Result<Traffic>(Traffic{}) : system_failure(errno, "read the counts");
  }
  Traffic sum;
  for (const carry_count& one : each) sum += to_traffic(one);
  return sum;
}

Result<std::vector<CountKey>> KernelMaps::count_keys() const {
  const auto raw_keys = keys_of<carry_count_key>(program_.map(Map::kCounts));
  if (!raw_keys) return pass_on(raw_keys.error());
  std::vector<CountKey> keys;
  for (const carry_count_key& raw : *raw_keys) keys.push_back({raw.ifindex, raw.owner, raw.classid});
  return keys;
}

Result<Counts> KernelMaps::counts() const {
  const auto keys = count_keys();
  if (!keys) return pass_on(keys.error());
  Counts counts;
  for (const CountKey& key : *keys) {
    const auto count = count_of(key);
    if (!count) return pass_on(count.error());
    counts.insert_or_assign(key, *count);
  }
  return counts;
}

// If the past has no room for a class, its counts go to those without class: the sum stays right.
Result<void> KernelMaps::add_to_past(std::uint32_t classid, const Traffic& count) {
  const int map = program_.map(Map::kPast);
  const auto before = value_of<carry_count>(map, classid);
  if (!before) return pass_on(before.error());
  Traffic sum = *before ? to_traffic(**before) : Traffic{};
  sum += count;
  const carry_count value{.packets = sum.packets, .bytes = sum.bytes, .by_fallback = sum.by_fallback};
  auto written = put(map, classid, value);
  const bool is_full = !written && written.error().sys_errno() == E2BIG;
  return is_full && classid != 0 ? add_to_past(0, count) : written;
}

Result<void> KernelMaps::finish(const std::vector<CountKey>& keys) {
  for (const CountKey& key : keys) {
    const auto count = count_of(key);
    if (!count) return pass_on(count.error());
    if (auto added = add_to_past(key.classid, *count); !added) return added;
    const carry_count_key raw{.ifindex = key.index, .owner = key.owner, .classid = key.classid};
    if (auto removed = remove(program_.map(Map::kCounts), raw); !removed) return removed;
  }
  return {};
}

Result<Past> KernelMaps::past() const {
  const int map = program_.map(Map::kPast);
  const auto keys = keys_of<std::uint32_t>(map);
  if (!keys) return pass_on(keys.error());
  Past past;
  for (const std::uint32_t classid : *keys) {
    const auto value = value_of<carry_count>(map, classid);
    if (!value) return pass_on(value.error());
    if (*value) past.emplace(classid, to_traffic(**value));
  }
  return past;
}

Result<Totals> KernelMaps::totals() const {
  const auto sum_of = [this](std::uint32_t which) -> Result<std::uint64_t> {
    std::vector<std::uint64_t> each(cpus_);
    if (bpf_map_lookup_elem(program_.map(Map::kTotals), &which, each.data()) != 0) {
      return system_failure(errno, "read the totals");
    }
    std::uint64_t sum = 0;
    for (const std::uint64_t one : each) sum += one;
    return sum;
  };
  const auto differing = sum_of(CARRY_DIFFERING);
  const auto uncounted = sum_of(CARRY_UNCOUNTED);
  if (!differing || !uncounted) return pass_on(differing ? uncounted.error() : differing.error());
  return Totals{*differing, *uncounted};
}

}  // namespace netclsd::carry
