#include "agent/web/web_keys.h"

#include <algorithm>
#include <vector>

namespace netclsd {

Result<void> read_web_members(const ConfigValue& object, std::span<const WebKey> keys, WebConfig& config) {
  if (object.node.kind != JsonNode::Kind::kObject) return object.expected("keys and values");
  for (const JsonMember& member : object.node.members) {
    const auto key =
        std::find_if(keys.begin(), keys.end(), [&](const WebKey& each) { return each.name == member.key; });
    if (key == keys.end()) {
      std::vector<std::string_view> names;
      for (const WebKey& each : keys) names.push_back(each.name);
      return unknown_key(object, member, names);
    }
    if (auto read = key->read(member_value(object, member), config); !read) return read;
  }
  return {};
}

Result<bool> boolean_in(const ConfigValue& value) {
  if (value.node.kind != JsonNode::Kind::kBoolean) return value.expected("true or false");
  return value.node.text == "true";
}

}  // namespace netclsd
