#include <algorithm>
#include <array>

#include "agent/config/config.h"
#include "agent/config/keys.h"

namespace netclsd {
namespace {

using Kind = JsonNode::Kind;

constexpr std::size_t kPatternMax = 253;  // of a DNS subdomain, the longest name in Kubernetes
constexpr std::size_t kRuleNameMax = 63;

// Only characters of Kubernetes names: a pattern with others could never match.
bool is_pattern_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '*' || c == '?';
}

bool is_rule_name_character(char c) { return is_pattern_character(c) || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_pattern(std::string_view text) {
  return !text.empty() && text.size() <= kPatternMax && std::all_of(text.begin(), text.end(), is_pattern_character);
}

bool is_rule_name(std::string_view text) {
  return !text.empty() && text.size() <= kRuleNameMax && text.find_first_of("*?") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), is_rule_name_character);
}

enum class EmptyPattern { kForbidden, kAllowed };

Result<std::vector<std::string>> patterns_in(const ConfigValue& value, EmptyPattern empty) {
  constexpr std::string_view kWhat = "a pattern of lower-case letters, digits, '-', '.', '*' and '?', at most 253";
  if (value.node.kind != Kind::kArray || value.node.items.empty()) {
    return value.expected("an array of at least one pattern like [\"team-*\"]");
  }
  std::vector<std::string> patterns;
  for (std::size_t i = 0; i < value.node.items.size(); ++i) {
    const ConfigValue item = item_value(value, i);
    const auto text = string_in(item, kWhat);
    if (!text) return pass_on(text.error());
    const bool is_allowed = is_pattern(*text) || (text->empty() && empty == EmptyPattern::kAllowed);
    if (!is_allowed) return item.expected(kWhat);
    patterns.emplace_back(*text);
  }
  return patterns;
}

std::optional<ClassId> default_classid(const Config& config) {
  if (!config.default_class) return std::nullopt;
  if (const auto* classid = std::get_if<ClassId>(&*config.default_class)) return *classid;
  return config.classes.at(std::get<ClassName>(*config.default_class).text);
}

PodRule& rule_being_read(Config& config) { return config.policy->rules.back(); }

Result<void> read_rule_name(const ConfigValue& value, Config& config) {
  constexpr std::string_view kWhat = "a name of letters, digits, '_', '-' and '.', at most 63";
  const auto text = string_in(value, kWhat);
  if (!text) return pass_on(text.error());
  if (!is_rule_name(*text)) return value.expected(kWhat);
  const auto& rules = config.policy->rules;
  const bool is_taken =
      std::any_of(rules.begin(), rules.end(), [&](const PodRule& rule) { return rule.name == *text; });
  if (is_taken) return value.wrong("another rule has the name \"" + std::string(*text) + "\"");
  rule_being_read(config).name = *text;
  return {};
}

Result<void> read_rule_namespaces(const ConfigValue& value, Config& config) {
  auto patterns = patterns_in(value, EmptyPattern::kAllowed);
  if (!patterns) return pass_on(patterns.error());
  rule_being_read(config).namespaces = *std::move(patterns);
  return {};
}

Result<void> read_rule_service_accounts(const ConfigValue& value, Config& config) {
  auto patterns = patterns_in(value, EmptyPattern::kForbidden);
  if (!patterns) return pass_on(patterns.error());
  rule_being_read(config).service_accounts = *std::move(patterns);
  return {};
}

Result<void> read_rule_allowed_classids(const ConfigValue& value, Config& config) {
  auto ranges = ranges_in(value);
  if (!ranges) return pass_on(ranges.error());
  rule_being_read(config).allowed = *std::move(ranges);
  return {};
}

constexpr std::array<ConfigKey, 4> kRuleKeys = {{{"name", read_rule_name},
                                                 {"namespaces", read_rule_namespaces},
                                                 {"service_accounts", read_rule_service_accounts},
                                                 {"allowed_classids", read_rule_allowed_classids}}};

Result<void> read_rule(const ConfigValue& value, Config& config) {
  config.policy->rules.emplace_back();
  if (auto read = read_members(value, kRuleKeys, config); !read) return read;
  for (const char* required : {"name", "namespaces", "allowed_classids"}) {
    if (value.node.find(required) == nullptr) return value.wrong(std::string("lacks \"") + required + "\"");
  }
  return {};
}

Result<void> read_policy_rules(const ConfigValue& value, Config& config) {
  if (value.node.kind != Kind::kArray) return value.expected("an array of rules");
  for (std::size_t i = 0; i < value.node.items.size(); ++i) {
    if (auto read = read_rule(item_value(value, i), config); !read) return read;
  }
  return {};
}

Result<void> read_policy_on_refusal(const ConfigValue& value, Config& config) {
  constexpr std::string_view kWhat = "\"unclassified\" or \"default_class\"";
  const auto text = string_in(value, kWhat);
  if (!text) return pass_on(text.error());
  if (*text != "unclassified" && *text != "default_class") return value.expected(kWhat);
  config.policy->on_refusal = *text == "unclassified" ? OnRefusal::kUnclassified : OnRefusal::kDefaultClass;
  return {};
}

Result<void> read_policy_exclusive_classids(const ConfigValue& value, Config& config) {
  auto ranges = ranges_in(value);
  if (!ranges) return pass_on(ranges.error());
  config.policy->exclusive = *std::move(ranges);
  return {};
}

constexpr std::array<ConfigKey, 3> kPolicyKeys = {{
    {"rules", read_policy_rules},
    {"on_refusal", read_policy_on_refusal},
    {"exclusive_classids", read_policy_exclusive_classids},
}};

}  // namespace

std::span<const ConfigKey> policy_keys() { return kPolicyKeys; }

Result<void> read_policy(const ConfigValue& value, Config& config) {
  config.policy.reset();
  if (value.node.kind == Kind::kNull) return {};
  config.policy.emplace();
  if (auto read = read_members(value, kPolicyKeys, config); !read) return read;
  // Without rules it would refuse everything, which is hardly what the author meant.
  if (config.policy->rules.empty())
    return value.wrong("has no rules: nothing would be allowed; leave it out or add one");
  return {};
}

Result<void> check_policy(const ConfigValue& root, const Config& config) {
  const JsonNode* policy = root.node.find("policy");
  if (policy == nullptr || !config.policy) return {};
  const auto wrong = [&](const char* key, std::string_view problem) -> Failure {
    return ConfigValue{*policy->find(key), std::string("policy.") + key, root.file}.wrong(problem);
  };
  if (config.policy->on_refusal == OnRefusal::kDefaultClass && !config.default_class) {
    return wrong("on_refusal", "\"default_class\" needs a default_class");
  }
  const auto of_default = default_classid(config);
  const auto& exclusive = config.policy->exclusive;
  const bool is_shared = of_default && std::any_of(exclusive.begin(), exclusive.end(), [&](const ClassIdRange& range) {
                           return range.contains(*of_default);
                         });
  if (is_shared) return wrong("exclusive_classids", "holds the default_class, which all namespaces share");
  return {};
}

}  // namespace netclsd
