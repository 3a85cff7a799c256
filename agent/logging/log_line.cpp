#include "agent/logging/log_line.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr std::size_t kValueMax_bytes = 2048;  // an error may quote what a tenant wrote

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

bool must_quote(char c) { return is_control(c) || c == ' ' || c == '"' || c == '=' || c == '\\'; }

void append_escaped(std::string& out, char c) {
  char hex[5];
  switch (c) {
    case '"':
    case '\\':
      out.append({'\\', c});
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      break;
  }
  if (!is_control(c)) return out.push_back(c);
  std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  out.append(hex);
}

std::string_view shortened(std::string_view value) { return value.substr(0, kValueMax_bytes); }

std::string text_value(std::string_view value) {
  if (!value.empty() && std::none_of(value.begin(), value.end(), must_quote)) return std::string(value);
  std::string out = "\"";
  for (const char c : value) append_escaped(out, c);
  return out + '"';
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_member(std::string_view key, std::string_view value) {
  return json_string(key) + ":" + json_string(value);
}

}  // namespace

std::string format_text(const LogLine& line) {
  std::string out = format_utc(line.time) + " " + to_string(line.level) + " ";
  out.append(line.event);
  for (const LogField& field : line.fields) {
    out.append(" ").append(field.key).append("=").append(text_value(shortened(field.value)));
  }
  return out;
}

std::string format_json(const LogLine& line) {
  std::string out = "{" + json_member("ts", format_utc(line.time)) + "," + json_member("level", to_string(line.level)) +
                    "," + json_member("event", line.event);
  for (const LogField& field : line.fields) {
    out.append(",").append(json_string(field.key)).append(":");
    out.append(field.is_text ? json_string(shortened(field.value)) : field.value);
  }
  return out + "}";
}

bool LineWriter::write(std::string_view line) {
  const std::string whole = (is_torn_ ? "\n" : "") + std::string(line);
  std::size_t done = 0;
  while (done < whole.size()) {
    const std::size_t written = write_some(std::string_view(whole).substr(done));
    if (written == 0) break;
    done += written;
  }
  if (done > 0) is_torn_ = done < whole.size();
  return done == whole.size();
}

// A writable pipe takes PIPE_BUF bytes without waiting (pipe(7)); sockets and terminals take more.
std::size_t LineWriter::write_some(std::string_view text) const {
  while (has_room()) {
    const ssize_t written = ::write(fd_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written >= 0) return static_cast<std::size_t>(written);
    if (errno != EINTR) return 0;
  }
  return 0;
}

bool LineWriter::has_room() const {
  pollfd room{fd_, POLLOUT, 0};
  int ready = 0;
  do ready = ::poll(&room, 1, 0);
  while (ready < 0 && errno == EINTR);
  return ready == 1 && (room.revents & POLLOUT) != 0;
}

}  // namespace netclsd
