#include "agent/metrics/counters.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"

namespace netclsd {

void LatencyHistogram::observe(std::chrono::nanoseconds latency) {
  const auto ns = std::max<std::int64_t>(latency.count(), 0);
  const double us = static_cast<double>(ns) / 1e3;
  const auto bound = std::lower_bound(kBounds_us.begin(), kBounds_us.end(), us);
  buckets_[static_cast<std::size_t>(bound - kBounds_us.begin())].add();
  sum_ns_.add(static_cast<std::uint64_t>(ns));
}

namespace {

constexpr std::string_view kOther = "other";

bool is_good(char c) {
  const bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_alphanumeric || std::string_view(".+~-_").find(c) != std::string_view::npos;
}

std::string_view usable(std::string_view name) {
  const bool is_usable =
      !name.empty() && name.size() <= NamedCounts::kNameMax_bytes && std::all_of(name.begin(), name.end(), is_good);
  return is_usable ? name : kOther;
}

}  // namespace

void NamedCounts::add(std::string_view name, std::uint64_t n) {
  auto& value = entry(usable(name)).value;
  value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

NamedCounts::Entry& NamedCounts::entry(std::string_view name) {
  auto* const end = entries_.begin() + size();
  auto* const found = std::find_if(entries_.begin(), end, [&](const Entry& each) { return each.name == name; });
  if (found != end) return *found;
  // The last entry is reserved for "other".
  return size() < kNamesMax || name == kOther ? append(name) : entry(kOther);
}

NamedCounts::Entry& NamedCounts::append(std::string_view name) {
  Entry& added = entries_[size()];
  added.name = name;
  size_.store(size() + 1, std::memory_order_release);
  return added;
}

void LatencyHistogram::mirror(const std::array<std::uint64_t, kBuckets>& buckets, std::uint64_t sum_ns) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i].set(buckets[i]);
  sum_ns_.set(sum_ns);
}

void ClassCounts::on_target_added(TargetNumber /*number*/, const Target& target) { add(target.choice.classid); }

void ClassCounts::on_target_changed(TargetNumber /*number*/, const Target& before, const Target& now) {
  if (before.choice.classid == now.choice.classid) return;
  remove(before.choice.classid);
  add(now.choice.classid);
}

void ClassCounts::on_target_removed(TargetNumber /*number*/, const Target& target) { remove(target.choice.classid); }

void ClassCounts::add(ClassId classid) {
  ++changes_;
  const auto found = by_class_.find(classid);
  if (found != by_class_.end()) {
    ++found->second;
  } else if (by_class_.size() < kClassesMax) {
    by_class_.emplace(classid, 1);
  } else {
    ++others_;
  }
}

void ClassCounts::remove(ClassId classid) {
  ++changes_;
  const auto found = by_class_.find(classid);
  if (found == by_class_.end()) {
    CHECK(others_ > 0);
    --others_;
  } else if (--found->second == 0) {
    by_class_.erase(found);
  }
}

void ClassGauges::set_names(const std::map<std::string, ClassId>& classes) {
  std::map<ClassId, std::string> names;
  for (const auto& [name, classid] : classes) {
    if (names.size() < ClassCounts::kClassesMax) names.emplace(classid, name);  // of two names the first
  }
  const std::scoped_lock lock(mutex_);
  names_ = std::move(names);
}

void ClassGauges::set(const ClassCounts& counts) {
  const std::scoped_lock lock(mutex_);
  counts_ = counts;
}

std::map<ClassId, std::string> ClassGauges::names() const {
  const std::scoped_lock lock(mutex_);
  return names_;
}

std::vector<ClassRow> ClassGauges::rows() const {
  const std::scoped_lock lock(mutex_);
  const auto& by_class = counts_.by_class();
  std::vector<ClassRow> rows;
  for (const auto& [classid, name] : names_) {
    const auto found = by_class.find(classid);
    rows.push_back({name, to_string(classid), found == by_class.end() ? 0 : found->second});
  }
  for (const auto& [classid, containers] : by_class) {
    if (!names_.contains(classid)) rows.push_back({"", to_string(classid), containers});
  }
  if (counts_.others() > 0) rows.push_back({"other", "", counts_.others()});
  return rows;
}

}  // namespace netclsd
