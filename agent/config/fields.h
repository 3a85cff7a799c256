// From a JSON tree to typed values: what the key tables read their keys with. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/json_reader.h"
#include "common/base/error.h"
#include "common/model/class_id.h"

namespace netclsd {

struct Config;

// A value and where it came from. All three are borrowed.
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
  std::span<const ConfigKey> children = {};  // the keys of its value, if that is an object
};

// Reads each member of the object by its key. An unknown key is an error.
[[nodiscard]] Result<void> read_members(const ConfigValue& object, std::span<const ConfigKey> keys, Config& config);

// The error for a member that is not one of the `known` keys: "unknown key …; did you mean …?"
[[nodiscard]] Failure unknown_key(const ConfigValue& object, const JsonMember& member,
                                  std::span<const std::string_view> known);

[[nodiscard]] Result<std::string_view> string_in(const ConfigValue& value, std::string_view what);

// An array of classids and ranges.
[[nodiscard]] Result<std::vector<ClassIdRange>> ranges_in(const ConfigValue& value);

// The item of an array as a value: "allowed_classids[2]".
[[nodiscard]] ConfigValue item_value(const ConfigValue& array, std::size_t index);

// The member of an object as a value: path "classes" and key "gold" make "classes.gold".
[[nodiscard]] ConfigValue member_value(const ConfigValue& object, const JsonMember& member);

// The known word that was probably meant: it differs in at most two letters (added, missing or changed), and in fewer
// than half of them. std::nullopt: there is none.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace netclsd
