// Log lines with values that others chose. A line stays one line, and its fields can be read back: nobody forges a
// second line or a field.
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/logging/log_line.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

constexpr std::size_t kValueMax_bytes = 2048;

// What follows `begin` up to where the value ends, unescaped; `rest` is what is left.
std::string take_value(std::string_view& rest) {
  std::string value;
  const bool is_quoted = rest.starts_with('"');
  if (!is_quoted) {
    value = rest.substr(0, rest.find(' '));
    rest.remove_prefix(value.size());
    return value;
  }
  rest.remove_prefix(1);
  while (!rest.starts_with('"')) {
    CHECK(!rest.empty());
    char c = rest.front();
    std::size_t length = 1;
    if (c == '\\') {
      CHECK(rest.size() >= 2);
      c = rest[1] == 'n' ? '\n' : rest[1] == 't' ? '\t' : rest[1];
      length = 2;
      if (rest[1] == 'x') {
        const auto code = parse_unsigned(rest.substr(2, 2), 16);
        CHECK(code);
        c = static_cast<char>(*code);
        length = 4;
      }
    }
    value.push_back(c);
    rest.remove_prefix(length);
  }
  rest.remove_prefix(1);
  return value;
}

void check_text(const LogLine& line) {
  const std::string text = format_text(line);
  CHECK(!has_control_characters(text));
  std::string_view rest = text;
  const std::string head = format_utc(line.time) + " " + to_string(line.level) + " " + std::string(line.event);
  CHECK(rest.starts_with(head));
  rest.remove_prefix(head.size());
  for (const LogField& field : line.fields) {
    const std::string begin = " " + std::string(field.key) + "=";
    CHECK(rest.starts_with(begin));
    rest.remove_prefix(begin.size());
    CHECK(take_value(rest) == std::string_view(field.value).substr(0, kValueMax_bytes));
  }
  CHECK(rest.empty());
}

void check_json(const LogLine& line) {
  const std::string text = format_json(line);
  CHECK(text.find('\n') == std::string::npos);
  const auto json = nlohmann::json::parse(text, nullptr, false);
  CHECK(json.is_object() && json.size() == 3 + line.fields.size());
  for (const LogField& field : line.fields) CHECK(json[std::string(field.key)].is_string());
}

}  // namespace

void fuzz_one(std::string_view input) {
  const auto parts = split(input, '\0', 2);
  const std::array fields = {LogField("container", parts.front()), LogField("error", parts.back())};
  const LogLine line{.time = {}, .level = LogLevel::kWarning, .event = "move_failed", .fields = fields};
  check_text(line);
  check_json(line);
}

}  // namespace netclsd
