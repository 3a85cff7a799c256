// JSON with comments as a small tree of values with their line numbers. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.h"

namespace netclsd {

inline constexpr std::size_t kJsonDepthMax = 8;
inline constexpr std::size_t kJsonEntriesMax = 1024;  // of one object or array

struct JsonMember;

struct JsonNode {
  enum class Kind { kNull, kBoolean, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  int line = 1;           // where it begins
  std::string text = {};  // of a string: its content; of a boolean: "true" or "false"; of an integer: its digits
  std::vector<JsonNode> items = {};  // of an array
  std::vector<JsonMember> members;   // of an object, in the file's order, keys unique

  [[nodiscard]] const JsonNode* find(std::string_view key) const;
};

struct JsonMember {
  std::string key;
  int line = 1;
  JsonNode value;
};

// "a string", "an object": for errors.
[[nodiscard]] const char* describe(JsonNode::Kind kind);

// Makes a tree from the events of a parser, within the limits above. The methods return false after the first problem,
// which stays; later events are ignored.
class JsonTreeBuilder {
 public:
  bool add(int line, JsonNode::Kind kind, std::string text = {});
  bool open(int line, JsonNode::Kind kind);  // kArray or kObject
  bool close();
  bool add_key(int line, std::string name);
  bool stop(int line, std::string problem);

  // Inside an object, before a key.
  [[nodiscard]] bool expects_key() const;
  [[nodiscard]] const std::string& problem() const { return problem_; }  // empty: none
  [[nodiscard]] int problem_line() const { return problem_line_; }
  [[nodiscard]] JsonNode take_root() { return std::move(root_); }

 private:
  struct Open {
    JsonNode* node;
    bool has_key = false;  // of an object: the next event is the value of its last member
  };

  [[nodiscard]] std::string path_of(const std::string& name) const;
  bool stop_at_entries_max(int line);
  [[nodiscard]] JsonNode* next_slot(int line);

  JsonNode root_;
  std::vector<Open> open_;
  std::string problem_;
  int problem_line_ = 0;
};

// kInvalid with "FILE:LINE: …" for a syntax error, a duplicate key or an exceeded limit.
[[nodiscard]] Result<JsonNode> read_json(std::string_view text, std::string_view file_name);

}  // namespace netclsd
