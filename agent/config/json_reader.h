// JSON with comments as a small tree that remembers lines. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace netclsd {

inline constexpr std::size_t kJsonDepthMax = 8;
inline constexpr std::size_t kJsonEntriesMax = 1024;  // of one object or array

struct JsonMember;

struct JsonNode {
  enum class Kind { kNull, kBoolean, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  int line = 1;                      // where it begins
  std::string text = {};             // of a string: its content
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

// kInvalid with "FILE:LINE: …" for a syntax error, a duplicate key or an exceeded limit.
[[nodiscard]] Result<JsonNode> read_json(std::string_view text, std::string_view file_name);

}  // namespace netclsd
