#include "agent/config/json_reader.h"

#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr std::size_t kProblemMax_bytes = 256;  // the library quotes the token at which it stopped, of any length

// The line of the character read last. A line feed belongs to the line that it ends, because the lexer reads one
// character beyond a number.
struct Cursor {
  int line = 1;
  bool is_after_line_feed = false;

  void pass(char c) {
    if (is_after_line_feed) ++line;
    is_after_line_feed = c == '\n';
  }
};

class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, Cursor& cursor) : at_(at), cursor_(&cursor) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    cursor_->pass(*at_++);
    return *this;
  }
  CountingIterator operator++(int) {
    const CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  Cursor* cursor_;
};

// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error …" → "syntax error …"
std::string without_preamble(std::string_view what) {
  if (const auto at = what.find("] "); at != std::string_view::npos) what.remove_prefix(at + 2);
  if (what.starts_with("parse error at line")) what.remove_prefix(what.find(": ") + 2);
  return std::string(what);
}

// What nlohmann's parser reports.
class EventReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  EventReader(const Cursor& cursor, JsonTreeBuilder& tree) : cursor_(cursor), tree_(tree) {}

  bool null() override { return add(JsonNode::Kind::kNull); }
  bool boolean(bool value) override { return add(JsonNode::Kind::kBoolean, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return add(JsonNode::Kind::kNumber, std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return add(JsonNode::Kind::kNumber, std::to_string(value)); }
  bool number_float(number_float_t, const string_t&) override { return add(JsonNode::Kind::kNumber); }
  bool string(string_t& text) override { return add(JsonNode::Kind::kString, std::move(text)); }
  bool binary(binary_t&) override { return tree_.stop(cursor_.line, "binary data"); }
  bool start_object(std::size_t) override { return tree_.open(cursor_.line, JsonNode::Kind::kObject); }
  bool start_array(std::size_t) override { return tree_.open(cursor_.line, JsonNode::Kind::kArray); }
  bool end_object() override { return tree_.close(); }
  bool end_array() override { return tree_.close(); }
  bool key(string_t& name) override { return tree_.add_key(cursor_.line, std::move(name)); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    return tree_.stop(cursor_.line, printable(without_preamble(error.what()), kProblemMax_bytes));
  }

 private:
  bool add(JsonNode::Kind kind, std::string text = {}) { return tree_.add(cursor_.line, kind, std::move(text)); }

  const Cursor& cursor_;
  JsonTreeBuilder& tree_;
};

}  // namespace

const JsonNode* JsonNode::find(std::string_view key) const {
  for (const JsonMember& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

const char* describe(JsonNode::Kind kind) {
  switch (kind) {
    case JsonNode::Kind::kNull:
      return "null";
    case JsonNode::Kind::kBoolean:
      return "a boolean";
    case JsonNode::Kind::kNumber:
      return "a number";
    case JsonNode::Kind::kString:
      return "a string";
    case JsonNode::Kind::kArray:
      return "an array";
    case JsonNode::Kind::kObject:
      return "an object";
  }
  return "";
}

bool JsonTreeBuilder::stop(int line, std::string problem) {
  if (!problem_.empty()) return false;
  problem_line_ = line;
  problem_ = std::move(problem);
  return false;
}

bool JsonTreeBuilder::stop_at_entries_max(int line) {
  return stop(line, "more than " + std::to_string(kJsonEntriesMax) + " entries");
}

bool JsonTreeBuilder::expects_key() const {
  return !open_.empty() && open_.back().node->kind == JsonNode::Kind::kObject && !open_.back().has_key;
}

bool JsonTreeBuilder::add(int line, JsonNode::Kind kind, std::string text) {
  JsonNode* node = next_slot(line);
  if (node == nullptr) return false;
  *node = {.kind = kind, .line = line, .text = std::move(text), .members = {}};
  return true;
}

bool JsonTreeBuilder::open(int line, JsonNode::Kind kind) {
  if (open_.size() == kJsonDepthMax) {
    return stop(line, "nested deeper than " + std::to_string(kJsonDepthMax) + " levels");
  }
  JsonNode* node = next_slot(line);
  if (node == nullptr) return false;
  node->kind = kind;
  node->line = line;
  open_.push_back({node});
  return true;
}

bool JsonTreeBuilder::close() {
  if (!problem_.empty()) return false;
  open_.pop_back();
  return true;
}

bool JsonTreeBuilder::add_key(int line, std::string name) {
  if (!problem_.empty()) return false;
  JsonNode& object = *open_.back().node;
  for (const JsonMember& earlier : object.members) {
    if (earlier.key != name) continue;
    return stop(line, "duplicate key " + in_quotes(path_of(name)) + ", first on line " + std::to_string(earlier.line));
  }
  if (object.members.size() == kJsonEntriesMax) return stop_at_entries_max(line);
  object.members.push_back({std::move(name), line, {}});
  open_.back().has_key = true;
  return true;
}

// "net_cls.mount": the keys of the objects around it, then its own.
std::string JsonTreeBuilder::path_of(const std::string& name) const {
  std::string path;
  for (const Open& around : open_) {
    if (around.node != open_.back().node && !around.node->members.empty())
      path += around.node->members.back().key + ".";
  }
  return path + name;
}

// Where the next value goes; nullptr after a problem. Only the innermost open node grows, so pointers to the outer
// nodes stay valid.
JsonNode* JsonTreeBuilder::next_slot(int line) {
  if (!problem_.empty()) return nullptr;
  if (open_.empty()) return &root_;
  JsonNode& around = *open_.back().node;
  open_.back().has_key = false;
  if (around.kind == JsonNode::Kind::kObject) return &around.members.back().value;
  if (around.items.size() < kJsonEntriesMax) return &around.items.emplace_back();
  stop_at_entries_max(line);
  return nullptr;
}

Result<JsonNode> read_json(std::string_view text, std::string_view file_name) {
  Cursor cursor;
  JsonTreeBuilder tree;
  EventReader reader(cursor, tree);
  const CountingIterator begin(text.data(), cursor);
  const CountingIterator end(text.data() + text.size(), cursor);
  constexpr bool kStrict = true;
  constexpr bool kIgnoreComments = true;
  if (nlohmann::json::sax_parse(begin, end, &reader, nlohmann::json::input_format_t::json, kStrict, kIgnoreComments)) {
    return tree.take_root();
  }
  return invalid(std::string(file_name) + ":" + std::to_string(tree.problem_line()) + ": " + tree.problem());
}

}  // namespace netclsd
