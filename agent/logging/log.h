// The agent's log: one line on stderr for each event: its name, then key=value.
//
//   2026-11-21T20:00:00.123Z info container_registered container=ab12 class=10:1
//
// All functions may be called from any thread. Logging reports no error and never waits. Lines for which a full pipe
// has no room are dropped; when it has room again, the line log_lines_dropped says how many. Before configure_logging()
// the format is text and the level is info. Only the loop, the request handler and main() log; libraries return errors.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace netclsd {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
[[nodiscard]] const char* to_string(LogLevel level);
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text);

enum class LogFormat { kText, kJson };
[[nodiscard]] const char* to_string(LogFormat format);
[[nodiscard]] std::optional<LogFormat> parse_log_format(std::string_view text);

// The key is borrowed: a literal.
struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const std::string& text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(text) {}
  LogField(std::string_view name, std::same_as<bool> auto truth)
      : key(name), value(truth ? "true" : "false"), is_text(false) {}
  LogField(std::string_view name, std::integral auto number) requires(!std::same_as<decltype(number), bool>)
      : key(name), value(std::to_string(number)), is_text(false) {}

  std::string_view key;
  std::string value;
  bool is_text = true;  // false: a JSON number or boolean as it stands
};

void configure_logging(LogLevel level, LogFormat format);
void set_log_level(LogLevel level);

void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

struct RepeatGuardOptions {
  std::chrono::steady_clock::duration interval = std::chrono::minutes{1};
  std::size_t keys_max = 1024;  // above it, new keys share one line an interval
};

// Keeps a repeated failure from filling the log: one line per interval is let through for the same (event, key). That
// line says how many were held back before it.
//
//   if (const auto repeated = guard.admit("move_failed", container, now)) {
//     log_event(LogLevel::kWarning, "move_failed", {{"container", container}, {"repeated", *repeated}});
//   }
//
// May be called from any thread.
class RepeatGuard {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit RepeatGuard(RepeatGuardOptions options = {}) : options_(options) {}

  // std::nullopt: hold this line back. Otherwise: how many were held back since the last line.
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
