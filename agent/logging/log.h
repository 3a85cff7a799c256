// The agent's log: one line on stderr for each fact, an event's name followed by key=value.
//
//   2026-11-21T20:00:00.123Z info container_registered container=ab12 class=10:1
//
// All functions may be called from any thread. Logging never fails towards the caller; before configure_logging() it
// is text at level info. Only the loop, the request handler and main() log; libraries return errors.
#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

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

}  // namespace netclsd
