// Counts by a text that others choose, a version of the hook for one: the first few get a count each, all others share
// "other", so that nobody can make a label set grow. One thread adds, any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace netclsd {

class NamedCounts {
 public:
  static constexpr std::size_t kNamesMax = 8;
  static constexpr std::size_t kNameMax_bytes = 32;

  // Of letters, digits and ".+~-_" only; anything else, or longer, is "other".
  void add(std::string_view name, std::uint64_t n = 1);

  // Names are never removed, so an index below size() stays good.
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_acquire); }
  [[nodiscard]] const std::string& name(std::size_t i) const { return entries_[i].name; }
  [[nodiscard]] std::uint64_t value(std::size_t i) const { return entries_[i].value.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    std::string name;  // written before `size_` covers it, and never again
    std::atomic<std::uint64_t> value{0};
  };
  [[nodiscard]] Entry& entry(std::string_view name);
  Entry& append(std::string_view name);

  std::array<Entry, kNamesMax + 1> entries_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace netclsd
