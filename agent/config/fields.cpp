#include "agent/config/fields.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "common/base/text.h"

namespace netclsd {
namespace {

std::string joined(std::span<const std::string_view> names) {
  std::string out;
  for (const auto name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

std::vector<std::string_view> names_of(std::span<const ConfigKey> keys) {
  std::vector<std::string_view> names;
  for (const ConfigKey& key : keys) names.push_back(key.name);
  return names;
}

const ConfigKey* find(std::span<const ConfigKey> keys, std::string_view name) {
  for (const ConfigKey& key : keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

}  // namespace

Failure unknown_key(const ConfigValue& object, const JsonMember& member, std::span<const std::string_view> known) {
  const std::string prefix = object.path.empty() ? "" : object.path + ".";
  std::string problem = "unknown key \"" + prefix + printable(member.key) + "\"; ";
  if (const auto near = nearest(member.key, known)) {
    problem.append("did you mean \"").append(prefix).append(*near).append("\"?");
  } else {
    problem.append("expected one of ").append(joined(known));
  }
  return ConfigValue{{.line = member.line, .members = {}}, "", object.file}.wrong(problem);
}

Failure ConfigValue::wrong(std::string_view problem) const {
  std::string message;
  if (!file.empty()) message.append(file).append(":").append(std::to_string(node.line)).append(": ");
  if (!path.empty()) message.append(printable(path, 2 * kPrintableMax_bytes)).append(": ");
  return invalid(message.append(problem));
}

Failure ConfigValue::expected(std::string_view what) const {
  std::string found = describe(node.kind);
  if (node.kind == JsonNode::Kind::kString) found = in_quotes(node.text);
  return wrong("expected " + std::string(what) + ", found " + found);
}

Result<void> read_members(const ConfigValue& object, std::span<const ConfigKey> keys, Config& config) {
  if (object.node.kind != JsonNode::Kind::kObject) return object.expected("an object");
  for (const JsonMember& member : object.node.members) {
    const ConfigKey* key = find(keys, member.key);
    if (key == nullptr) return unknown_key(object, member, names_of(keys));
    if (auto read = key->read(member_value(object, member), config); !read) return read;
  }
  return {};
}

Result<std::string_view> string_in(const ConfigValue& value, std::string_view what) {
  if (value.node.kind != JsonNode::Kind::kString) return value.expected(what);
  return value.node.text;
}

Result<std::vector<ClassIdRange>> ranges_in(const ConfigValue& value) {
  if (value.node.kind != JsonNode::Kind::kArray) return value.expected("an array of ranges like [\"10:1-10:ffff\"]");
  std::vector<ClassIdRange> ranges;
  for (std::size_t i = 0; i < value.node.items.size(); ++i) {
    const ConfigValue item = item_value(value, i);
    const auto text = string_in(item, "a classid or a range like \"10:1-10:ffff\"");
    if (!text) return pass_on(text.error());
    const auto range = ClassIdRange::parse(*text);
    if (!range) return item.wrong(range.error().message());
    ranges.push_back(*range);
  }
  return ranges;
}

ConfigValue item_value(const ConfigValue& array, std::size_t index) {
  return {array.node.items[index], array.path + "[" + std::to_string(index) + "]", array.file};
}

ConfigValue member_value(const ConfigValue& object, const JsonMember& member) {
  return {member.value, object.path.empty() ? member.key : object.path + "." + member.key, object.file};
}

namespace {

constexpr std::size_t kDistanceMax = 2;
constexpr std::size_t kWordMax = 64;  // longer than every key of ours

// Levenshtein's, with one row of the table.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known) {
  std::optional<std::string_view> best;
  std::size_t best_distance = std::min(kDistanceMax + 1, (word.size() + 1) / 2);
  if (word.size() > kWordMax) return best;
  for (const std::string_view candidate : known) {
    const std::size_t d = distance(word, candidate);
    if (d >= best_distance) continue;
    best = candidate;
    best_distance = d;
  }
  return best;
}

}  // namespace netclsd
