// Keeps a failure that repeats from filling the log: of the same (event, key) one line an interval is let through, and
// that line says how many were held back before it.
//
//   if (const auto repeated = guard.admit("move_failed", container, now)) {
//     log_event(LogLevel::kWarning, "move_failed", {{"container", container}, {"repeated", *repeated}});
//   }
//
// May be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace netclsd {

struct RepeatGuardOptions {
  std::chrono::steady_clock::duration interval = std::chrono::minutes{1};
  std::size_t keys_max = 1024;  // above it, new keys share one line an interval
};

class RepeatGuard {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit RepeatGuard(RepeatGuardOptions options = {}) : options_(options) {}

  // std::nullopt: hold this line back. Otherwise how many were held back since the last one.
  [[nodiscard]] std::optional<std::uint64_t> admit(std::string_view event, std::string_view key, Time now);

 private:
  struct Entry {
    Time last_line;
    std::uint64_t held_back = 0;
  };
  using Key = std::pair<std::string, std::string>;

  // With mutex_ held.
  std::map<Key, Entry>::iterator entry_for(Key key);
  void forget_expired(Time now);

  const RepeatGuardOptions options_;
  std::mutex mutex_;
  std::map<Key, Entry> entries_;
};

}  // namespace netclsd
