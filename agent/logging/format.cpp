#include "agent/logging/format.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace netclsd {
namespace {

constexpr std::size_t kValueMax_bytes = 2048;  // an error may quote what a tenant wrote; a line stays a line

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

std::string format_time(std::chrono::system_clock::time_point time) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const std::time_t whole = static_cast<std::time_t>(seconds.count());
  std::tm utc{};
  ::gmtime_r(&whole, &utc);
  char date[24];
  const std::size_t used = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>((since_epoch - seconds).count()));
  return std::string(date, used) + fraction;
}

std::string format_text(const LogLine& line) {
  std::string out = format_time(line.time) + " " + to_string(line.level) + " ";
  out.append(line.event);
  for (const LogField& field : line.fields) {
    out.append(" ").append(field.key).append("=").append(text_value(shortened(field.value)));
  }
  return out;
}

std::string format_json(const LogLine& line) {
  std::string out = "{" + json_member("ts", format_time(line.time)) + "," +
                    json_member("level", to_string(line.level)) + "," + json_member("event", line.event);
  for (const LogField& field : line.fields) {
    out.append(",").append(json_string(field.key)).append(":");
    out.append(field.is_text ? json_string(shortened(field.value)) : field.value);
  }
  return out + "}";
}

}  // namespace netclsd
