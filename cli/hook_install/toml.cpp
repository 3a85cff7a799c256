#include "cli/hook_install/toml.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace netclsd::cli {
namespace {

constexpr std::string_view kMark = "\xef\xbb\xbf";

bool is_control(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte == '\r') return at + 1 == text.size() || text[at + 1] != '\n';
  return (byte < 0x20U && byte != '\t' && byte != '\n') || byte == 0x7FU;
}

std::string_view line_number(std::string_view text, std::size_t number) {
  for (std::size_t line = 1; line < number; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  return text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
}

// toml++ 3.3 garbles names that it read in pieces ("ioio."). The line itself says it better.
std::string describe(const toml::parse_error& error, std::string_view text) {
  const std::size_t line = error.source().begin.line;
  const std::string where = "line " + std::to_string(line) + ": ";
  const std::string_view description = error.description();
  if (description.find("cannot redefine existing") == std::string_view::npos) return where + std::string(description);
  constexpr std::size_t kLineMax_bytes = 160;
  return where + printable(line_number(text, line), kLineMax_bytes) +
         " defines again, or in another way, what a line above has defined; TOML 1.0 forbids that";
}

Result<toml::table> parse_readable(const std::string& text) {
  toml::parse_result parsed = toml::parse(text);
  if (parsed) return std::move(parsed).table();
  return invalid(describe(parsed.error(), text));
}

}  // namespace

std::string_view byte_order_mark(std::string_view text) {
  return text.starts_with(kMark) ? text.substr(0, kMark.size()) : std::string_view();
}

std::string to_readable(std::string_view text, char instead) {
  text.remove_prefix(byte_order_mark(text).size());
  std::string readable(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = is_control(text, at) ? 0 : utf8_length_at(text, at);
    if (length == 0) readable[at] = instead;
    at += std::max<std::size_t>(length, 1);
  }
  return readable;
}

std::string_view line_end_of(std::string_view text) {
  const std::size_t end = text.find('\n');
  return end != std::string_view::npos && end > 0 && text[end - 1] == '\r' ? "\r\n" : "\n";
}

// The text is parsed twice, with different characters instead of the refused bytes. If both results are the same, these
// bytes are in comments.
Result<toml::table> parse_toml(std::string_view text) {
  const std::string readable = to_readable(text);
  if (readable.starts_with(kMark)) return invalid("line 1: two byte order marks");
  auto table = parse_readable(readable);
  if (!table || readable == text.substr(byte_order_mark(text).size())) return table;
  const auto other = parse_readable(to_readable(text, '!'));
  if (!other || *other != *table) return invalid("bytes that are no UTF-8 text, outside of a comment");
  return table;
}

const toml::table* find_table(const toml::table& root, const TablePath& path) {
  const toml::table* table = &root;
  for (const std::string_view key : path) {
    const toml::node* node = table->get(key);
    table = node == nullptr ? nullptr : node->as_table();
    if (table == nullptr) return nullptr;
  }
  return table;
}

std::string toml_string(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result = "\"";
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    const bool is_control = byte < 0x20U || byte == 0x7FU;
    if (each == '"' || each == '\\') result += '\\';
    result += is_control ? std::string("\\u00") + kHex[byte >> 4U] + kHex[byte & 0xFU] : std::string(1, each);
  }
  return result + "\"";
}

std::string quoted_key(std::string_view key) {
  const bool is_bare = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char character) {
    return std::isalnum(character) != 0 || character == '-' || character == '_';
  });
  return is_bare ? std::string(key) : toml_string(key);
}

}  // namespace netclsd::cli
