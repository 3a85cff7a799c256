// The files in config/ that are installed: the example and the schema agree with the parser.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "agent/config/config.h"
#include "agent/config/keys.h"
#include "common/base/file.h"

namespace netclsd {
namespace {

using nlohmann::json;

json schema() {
  const auto text = read_file(NETCLSD_SHIPPED_CONFIG_DIR "/config.schema.json", kConfigFileMax_bytes);
  return json::parse(text.value());
}

void append_properties(const json& node, const std::string& prefix, std::vector<std::string>& names) {
  if (!node.contains("properties")) return;
  EXPECT_EQ(node.value("additionalProperties", true), false) << prefix;
  for (const auto& [name, property] : node["properties"].items()) {
    names.push_back(prefix + name);
    append_properties(property, prefix + name + ".", names);
  }
}

bool is_accepted(const std::string& key, const json& value) {
  json file = json::object({{key, value}}).unflatten();
  if (file.contains("policy")) {  // a rule needs the others, too
    json rule = {{"name", "a"}, {"namespaces", {"*"}}, {"allowed_classids", json::array()}};
    rule.update(file["policy"]["rules"][0]);
    file["policy"]["rules"][0] = rule;
  }
  if (file.contains("carry")) file["carry"]["to"] = "priority";
  return parse_config(file.dump(), "c.json").has_value();
}

TEST(ShippedConfigTest, TheExampleHoldsTheDefaultsAndNamesEveryKey) {
  const auto config = load_config(std::optional<std::string>(NETCLSD_SHIPPED_CONFIG_DIR "/config.json"));
  ASSERT_TRUE(config) << config.error().message();
  Config expected;
  expected.classes = config->classes;
  expected.allowed_classids = config->allowed_classids;
  EXPECT_EQ(*config, expected);

  const auto text = read_file(NETCLSD_SHIPPED_CONFIG_DIR "/config.json", kConfigFileMax_bytes);
  const json file = json::parse(text.value(), nullptr, true, true);
  for (const auto& key : config_keys()) {
    EXPECT_TRUE(key.name == "$schema" || file.contains(key.name)) << key.name;
  }
}

TEST(ShippedConfigTest, TheSchemaListsExactlyTheKeysTheParserKnows) {
  std::vector<std::string> names;
  append_properties(schema(), "", names);
  EXPECT_THAT(names, testing::UnorderedElementsAreArray(known_config_keys()));
}

TEST(ShippedConfigTest, TheSchemasDefaultsAreTheParsers) {
  const json whole = schema();
  json defaults = json::object();
  for (const auto& [name, property] : whole["properties"].items()) {
    if (property.contains("default")) defaults[name] = property["default"];
    if (property.contains("default") || !property.contains("properties")) continue;
    for (const auto& [child, node] : property["properties"].items()) defaults[name][child] = node["default"];
  }
  const auto config = parse_config(defaults.dump(), "c.json");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(*config, Config{});
}

struct Sample {
  const char* pointer;   // into the schema, to a pattern
  const char* key;       // JSON pointer of the key in a file
  const char* accepted;  // by both
  const char* refused;   // by both
};

class PatternTest : public testing::TestWithParam<Sample> {};

TEST_P(PatternTest, SchemaAndParserAgree) {
  const Sample& sample = GetParam();
  const std::regex pattern(schema().at(json::json_pointer(sample.pointer)).get<std::string>());
  EXPECT_TRUE(std::regex_search(sample.accepted, pattern));
  EXPECT_TRUE(is_accepted(sample.key, sample.accepted));
  EXPECT_FALSE(std::regex_search(sample.refused, pattern));
  EXPECT_FALSE(is_accepted(sample.key, sample.refused));
}

INSTANTIATE_TEST_SUITE_P(
    Shipped, PatternTest,
    testing::Values(Sample{"/$defs/path/pattern", "/socket", "/run/a.sock", "a.sock"},
                    Sample{"/$defs/path/pattern", "/state_dir", "/run/x y", "/"},
                    Sample{"/properties/listen/pattern", "/listen", "[::1]:9917", "localhost:9917"},
                    Sample{"/properties/listen/pattern", "/listen", "0.0.0.0:0", ":9917"},
                    Sample{"/properties/net_cls/properties/mount/pattern", "/net_cls/mount", "auto", "automatic"},
                    Sample{"/properties/net_cls/properties/parent/pattern", "/net_cls/parent", "a.b-c_1", "../x"},
                    Sample{"/$defs/classid/pattern", "/classes/gold", "ffff:FFFF", "10000:1"},
                    Sample{"/$defs/classid/pattern", "/default_class", "0x100001", "-1"},
                    Sample{"/$defs/rule/properties/name/pattern", "/policy/rules/0/name", "Team.a_1-x", "a*"},
                    Sample{"/$defs/pattern/pattern", "/policy/rules/0/namespaces/0", "te?m-*.x", "Team"},
                    Sample{"/properties/receive_buffer/pattern", "/receive_buffer", "65536", "64MB"},
                    Sample{"/properties/audit_interval/pattern", "/audit_interval", "24h", "1d"},
                    Sample{"/properties/event_nap/pattern", "/event_nap", "10ms", "1d"},
                    Sample{"/properties/carry/properties/mask/pattern", "/carry/mask", "0x00Ff", "0x0"}));

}  // namespace
}  // namespace netclsd
