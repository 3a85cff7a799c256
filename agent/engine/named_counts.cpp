#include "agent/engine/named_counts.h"

#include <algorithm>

namespace netclsd {
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
  // The last place is for "other" alone.
  return size() < kNamesMax || name == kOther ? append(name) : entry(kOther);
}

NamedCounts::Entry& NamedCounts::append(std::string_view name) {
  Entry& added = entries_[size()];
  added.name = name;
  size_.store(size() + 1, std::memory_order_release);
  return added;
}

}  // namespace netclsd
