#include "agent/logging/repeat_guard.h"

namespace netclsd {

std::optional<std::uint64_t> RepeatGuard::admit(std::string_view event, std::string_view key, Time now) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= options_.keys_max) forget_expired(now);
  Entry& entry = entry_for({std::string(event), std::string(key)})->second;
  const bool is_first = entry.last_line == Time{};
  if (!is_first && now - entry.last_line < options_.interval) {
    ++entry.held_back;
    return std::nullopt;
  }
  entry.last_line = now;
  return std::exchange(entry.held_back, 0);
}

std::map<RepeatGuard::Key, RepeatGuard::Entry>::iterator RepeatGuard::entry_for(Key key) {
  if (const auto found = entries_.find(key); found != entries_.end()) return found;
  if (entries_.size() >= options_.keys_max) key = {};  // the entry all surplus keys share
  return entries_.try_emplace(std::move(key)).first;
}

void RepeatGuard::forget_expired(Time now) {
  std::erase_if(entries_, [&](const auto& item) { return now - item.second.last_line >= options_.interval; });
}

}  // namespace netclsd
