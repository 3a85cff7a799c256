#include <algorithm>
#include <array>

#include "agent/config/config.h"
#include "agent/config/keys.h"
#include "common/base/text.h"

namespace netclsd {
namespace {

using Kind = JsonNode::Kind;

constexpr std::string_view kTargetWhat = "\"mark\", \"priority\" or an array of both";
constexpr std::string_view kMapWhat = "\"classid\" or an object like {\"gold\": 1}";
constexpr std::uint32_t kWholeMask = 0xffff'ffff;
constexpr std::uint64_t kShiftMax = 31;

CarryConfig& carry_being_read(Config& config) { return *config.carry; }

Result<void> add_target(const ConfigValue& value, CarryConfig& carry) {
  const auto text = string_in(value, kTargetWhat);
  if (!text) return pass_on(text.error());
  if (*text != "mark" && *text != "priority") return value.expected(kTargetWhat);
  bool& target = *text == "mark" ? carry.to_mark : carry.to_priority;
  if (target) return value.wrong("\"" + std::string(*text) + "\" is there twice");
  target = true;
  return {};
}

Result<void> read_carry_to(const ConfigValue& value, Config& config) {
  CarryConfig& carry = carry_being_read(config);
  if (value.node.kind != Kind::kArray) return add_target(value, carry);
  if (value.node.items.empty()) return value.wrong("expected " + std::string(kTargetWhat) + ", found an empty one");
  for (std::size_t i = 0; i < value.node.items.size(); ++i) {
    if (auto added = add_target(item_value(value, i), carry); !added) return added;
  }
  return {};
}

Result<void> read_carry_mask(const ConfigValue& value, Config& config) {
  constexpr std::string_view kWhat = "a hexadecimal number of at most 32 bits, not 0, like \"0xff0000\"";
  const auto text = string_in(value, kWhat);
  if (!text) return pass_on(text.error());
  const auto mask = text->starts_with("0x") ? parse_unsigned(text->substr(2), 16) : std::nullopt;
  if (!mask || *mask == 0 || *mask > kWholeMask) return value.expected(kWhat);
  carry_being_read(config).mask = static_cast<std::uint32_t>(*mask);
  return {};
}

std::optional<std::uint64_t> number_in(const ConfigValue& value) {
  return value.node.kind == Kind::kNumber ? parse_unsigned(value.node.text) : std::nullopt;
}

Result<void> read_carry_shift(const ConfigValue& value, Config& config) {
  const auto shift = number_in(value);
  if (!shift || *shift > kShiftMax) return value.expected("a whole number from 0 to 31");
  carry_being_read(config).shift = static_cast<unsigned>(*shift);
  return {};
}

// Only the type is checked here: the classes are known when check_carry() is called.
Result<void> read_carry_map(const ConfigValue& value, Config&) {
  const bool is_word = value.node.kind == Kind::kString && value.node.text == "classid";
  return is_word || value.node.kind == Kind::kObject ? Result<void>{} : value.expected(kMapWhat);
}

constexpr std::array<ConfigKey, 4> kCarryKeys = {
    {{"to", read_carry_to}, {"mask", read_carry_mask}, {"shift", read_carry_shift}, {"map", read_carry_map}}};

Result<ClassId> class_named(const ConfigValue& entry, const std::string& key, const Config& config) {
  if (const auto found = config.classes.find(key); found != config.classes.end()) return found->second;
  const auto classid = ClassId::parse(key);
  if (classid) return *classid;
  return entry.wrong(in_quotes(key) + " is neither one of the classes nor a classid like \"10:1\"");
}

// The bits that the mask leaves to us, counted from the shift: a value must not lose any.
bool fits(std::uint64_t value, const CarryConfig& carry) {
  const std::uint64_t shifted = value << carry.shift;
  return (shifted & ~std::uint64_t{carry.mask}) == 0;
}

Result<void> add_value(const ConfigValue& entry, const std::string& key, const Config& config, CarryConfig& carry) {
  const auto classid = class_named(entry, key, config);
  if (!classid) return pass_on(classid.error());
  const auto value = number_in(entry);
  if (!value || *value == 0 || *value > kWholeMask) return entry.expected("a whole number from 1 to 4294967295");
  if (carry.to_mark && !fits(*value, carry)) {
    return entry.wrong(std::to_string(*value) + ", shifted by " + std::to_string(carry.shift) +
                       ", does not fit into carry.mask");
  }
  if (carry.values->emplace(*classid, static_cast<std::uint32_t>(*value)).second) return {};
  return entry.wrong("class " + to_string(*classid) + " is there twice");
}

Result<void> check_whole_classid(const ConfigValue& carry_object, const CarryConfig& carry) {
  if (!carry.to_mark || (carry.mask == kWholeMask && carry.shift == 0)) return {};
  return carry_object.wrong(
      "a classid needs the whole mark: leave mask and shift out, or give each class a smaller number in \"map\"");
}

}  // namespace

std::span<const ConfigKey> carry_keys() { return kCarryKeys; }

Result<void> read_carry(const ConfigValue& value, Config& config) {
  config.carry.reset();
  if (value.node.kind == Kind::kNull) return {};
  config.carry.emplace();
  if (auto read = read_members(value, kCarryKeys, config); !read) return read;
  if (value.node.find("to") == nullptr) return value.wrong("lacks \"to\"");
  return {};
}

Result<void> check_carry(const ConfigValue& root, Config& config) {
  const JsonNode* node = root.node.find("carry");
  if (node == nullptr || !config.carry) return {};
  const ConfigValue carry_object{*node, "carry", root.file};
  const JsonNode* map = node->find("map");
  if (map == nullptr || map->kind == Kind::kString) return check_whole_classid(carry_object, *config.carry);
  const ConfigValue map_object{*map, "carry.map", root.file};
  config.carry->values.emplace();
  for (const JsonMember& member : map->members) {
    auto added = add_value(member_value(map_object, member), member.key, config, *config.carry);
    if (!added) return added;
  }
  if (map->members.empty()) return map_object.wrong("is empty: nothing would be carried");
  return {};
}

}  // namespace netclsd
