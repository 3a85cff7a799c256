// One log line: its text, and how it is written.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "agent/logging/log.h"

namespace netclsd {

struct LogLine {
  std::chrono::system_clock::time_point time;
  LogLevel level;
  std::string_view event;
  std::span<const LogField> fields;
};

// Pure. No line feed at the end, none inside. A value that is empty, or has white space, quotes, '=' or control
// characters in it, is quoted and escaped: a tenant cannot forge a second line or field by an annotation.
[[nodiscard]] std::string format_text(const LogLine& line);
// One JSON object. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string format_json(const LogLine& line);

// Writes whole lines to a pipe, terminal, socket or file. It never waits for a reader: a line for which there is no
// room is dropped. Other processes may share the open file and not expect O_NONBLOCK on it, so each write first polls
// for room. One thread at a time.

class LineWriter {
 public:
  // The caller keeps `fd` open.
  explicit LineWriter(int fd) : fd_(fd) {}

  // `line` includes its line feed. False: it was dropped or cut.
  [[nodiscard]] bool write(std::string_view line);

 private:
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] std::size_t write_some(std::string_view text) const;

  int fd_;
  bool is_torn_ = false;  // the last line was cut: the next one begins with a line feed
};

}  // namespace netclsd
