// From a JSON tree to typed values: the tools with which keys.cpp reads each key. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/json_reader.h"
#include "common/base/error.h"
#include "common/model/class_id.h"

namespace netclsd {

struct Config;

// A value and where it came from. Borrows all three.
struct ConfigValue {
  const JsonNode& node;
  std::string path;                                             // "net_cls.mount", "allowed_classids[2]"
  std::string_view file;                                        // empty: from the command line, where path is the flag
  [[nodiscard]] Failure wrong(std::string_view problem) const;  // "FILE:LINE: PATH: PROBLEM"
  [[nodiscard]] Failure expected(std::string_view what) const;  // "… expected WHAT, found a number"
};

struct ConfigKey {
  std::string_view name;
  Result<void> (*read)(const ConfigValue& value, Config& config);
  std::span<const ConfigKey> children = {};  // of a key whose value is an object with keys of its own
};

// Each member of the object by its key; unknown keys are errors.
[[nodiscard]] Result<void> read_members(const ConfigValue& object, std::span<const ConfigKey> keys, Config& config);

// What to answer for a member that is none of the `known` ones: "unknown key …; did you mean …?"
[[nodiscard]] Failure unknown_key(const ConfigValue& object, const JsonMember& member,
                                  std::span<const std::string_view> known);

[[nodiscard]] Result<std::string_view> string_in(const ConfigValue& value, std::string_view what);

// An array of classids and ranges.
[[nodiscard]] Result<std::vector<ClassIdRange>> ranges_in(const ConfigValue& value);

// The item of an array as a value of its own: "allowed_classids[2]".
[[nodiscard]] ConfigValue item_value(const ConfigValue& array, std::size_t index);

// The member of an object as a value of its own: path "classes" and key "gold" make "classes.gold".
[[nodiscard]] ConfigValue member_value(const ConfigValue& object, const JsonMember& member);

}  // namespace netclsd
