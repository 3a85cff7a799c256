#include "agent/config/json_reader.h"

#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr std::size_t kProblemMax_bytes = 256;  // the library quotes the token it stopped at, however long

// The line of the character read last. A line feed still belongs to the line it ends: the lexer reads one character
// beyond a number.
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

class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit TreeBuilder(const Cursor& cursor) : cursor_(cursor) {}

  [[nodiscard]] JsonNode take_root() { return std::move(root_); }
  [[nodiscard]] int error_line() const { return error_line_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }

  bool null() override { return add(JsonNode::Kind::kNull); }
  bool boolean(bool) override { return add(JsonNode::Kind::kBoolean); }
  bool number_integer(number_integer_t) override { return add(JsonNode::Kind::kNumber); }
  bool number_unsigned(number_unsigned_t) override { return add(JsonNode::Kind::kNumber); }
  bool number_float(number_float_t, const string_t&) override { return add(JsonNode::Kind::kNumber); }
  bool string(string_t& text) override { return add(JsonNode::Kind::kString, std::move(text)); }
  bool binary(binary_t&) override { return stop("binary data"); }
  bool start_object(std::size_t) override { return open(JsonNode::Kind::kObject); }
  bool start_array(std::size_t) override { return open(JsonNode::Kind::kArray); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    JsonNode& object = *open_.back();
    for (const JsonMember& earlier : object.members) {
      if (earlier.key == name) {
        return stop("duplicate key " + in_quotes(path_of(name)) + ", first on line " + std::to_string(earlier.line));
      }
    }
    if (object.members.size() == kJsonEntriesMax) return stop_at_entries_max();
    object.members.push_back({std::move(name), cursor_.line, {}});
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    return stop(printable(without_preamble(error.what()), kProblemMax_bytes));
  }

 private:
  bool stop(std::string problem) {
    error_line_ = cursor_.line;
    problem_ = std::move(problem);
    return false;
  }

  // "net_cls.mount": the keys of the objects around it, and its own.
  std::string path_of(const std::string& name) const {
    std::string path;
    for (const JsonNode* around : open_) {
      if (around != open_.back() && !around->members.empty()) path += around->members.back().key + ".";
    }
    return path + name;
  }

  bool stop_at_entries_max() { return stop("more than " + std::to_string(kJsonEntriesMax) + " entries"); }

  // Where the next value goes; nullptr after stop(). Only the innermost open node grows, so pointers to the ones
  // around it stay valid.
  JsonNode* next_slot() {
    if (open_.empty()) return &root_;
    JsonNode& around = *open_.back();
    if (around.kind == JsonNode::Kind::kObject) return &around.members.back().value;
    if (around.items.size() == kJsonEntriesMax) {
      stop_at_entries_max();
      return nullptr;
    }
    return &around.items.emplace_back();
  }

  bool add(JsonNode::Kind kind, std::string text = {}) {
    JsonNode* node = next_slot();
    if (node == nullptr) return false;
    node->kind = kind;
    node->line = cursor_.line;
    node->text = std::move(text);
    return true;
  }

  bool open(JsonNode::Kind kind) {
    if (open_.size() == kJsonDepthMax) return stop("nested deeper than " + std::to_string(kJsonDepthMax) + " levels");
    JsonNode* node = next_slot();
    if (node == nullptr) return false;
    node->kind = kind;
    node->line = cursor_.line;
    open_.push_back(node);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  const Cursor& cursor_;
  JsonNode root_;
  std::vector<JsonNode*> open_;
  int error_line_ = 0;
  std::string problem_;
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

Result<JsonNode> read_json(std::string_view text, std::string_view file_name) {
  Cursor cursor;
  TreeBuilder builder(cursor);
  const CountingIterator begin(text.data(), cursor);
  const CountingIterator end(text.data() + text.size(), cursor);
  constexpr bool kStrict = true;
  constexpr bool kIgnoreComments = true;
  if (nlohmann::json::sax_parse(begin, end, &builder, nlohmann::json::input_format_t::json, kStrict, kIgnoreComments)) {
    return builder.take_root();
  }
  return invalid(std::string(file_name) + ":" + std::to_string(builder.error_line()) + ": " + builder.problem());
}

}  // namespace netclsd
