#include "agent/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace netclsd {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

std::string error_of(std::string_view text) {
  const auto config = parse_config(text, "c.json");
  return config ? "no error" : config.error().message();
}

Config parsed(std::string_view text) {
  auto config = parse_config(text, "c.json");
  EXPECT_TRUE(config) << config.error().message();
  return config.value_or(Config{});
}

TEST(ConfigTest, AnEmptyObjectMeansDefaults) {
  const Config config = parsed("{}");
  EXPECT_EQ(config, Config{});
  EXPECT_EQ(config.socket, "/run/netclsd/agent.sock");
  EXPECT_EQ(config.listen, (ListenAddress{"127.0.0.1", 9917}));
  EXPECT_EQ(config.receive_buffer_bytes, 64U << 20);
  EXPECT_EQ(config.audit_interval, std::chrono::seconds{30});
  EXPECT_EQ(config.event_nap, std::chrono::milliseconds{1});
}

TEST(ConfigTest, EveryKeyIsRead) {
  const Config config = parsed(R"({
    /* a comment */ "socket": "/s", "socket_group": "990", "state_dir": "/d", "listen": "[::1]:80",
    "web_config": "/w",
    "net_cls": {"mount": "/m", "parent": "p", "keep_mounted": true},
    "default_class": "gold",  // before the classes
    "classes": {"gold": "10:1", "bulk": "0x100020"},
    "allowed_classids": ["10:1-10:ffff", "20:1"],
    "policy": {"rules": [{"name": "shop", "namespaces": ["shop-*", ""], "service_accounts": ["api"],
                          "allowed_classids": ["10:1-10:ff"]},
                         {"name": "none", "namespaces": ["*"], "allowed_classids": []}],
               "on_refusal": "default_class", "exclusive_classids": ["10:100-10:1ff"]},
    "receive_buffer": "1MiB", "audit_interval": "500ms", "event_nap": "0ms", "log": {"level": "debug", "format": "json"}
  })");
  EXPECT_EQ(config.socket, "/s");
  EXPECT_EQ(config.socket_group, "990");
  EXPECT_EQ(config.state_dir, "/d");
  EXPECT_EQ(config.listen, (ListenAddress{"::1", 80}));
  EXPECT_EQ(config.web_config, "/w");
  EXPECT_EQ(config.net_cls, (NetClsConfig{"/m", "p", true}));
  EXPECT_EQ(config.classes.at("gold"), *ClassId::parse("10:1"));
  EXPECT_EQ(config.classes.at("bulk"), *ClassId::parse("10:20"));
  EXPECT_EQ(std::get<ClassName>(*config.default_class), ClassName{"gold"});
  EXPECT_THAT(config.allowed_classids,
              testing::ElementsAre(*ClassIdRange::parse("10:1-10:ffff"), *ClassIdRange::parse("20:1")));
  EXPECT_EQ(config.policy, (PodPolicy{.rules = {{.name = "shop",
                                                 .namespaces = {"shop-*", ""},
                                                 .service_accounts = {"api"},
                                                 .allowed = {*ClassIdRange::parse("10:1-10:ff")}},
                                                {.name = "none", .namespaces = {"*"}}},
                                      .on_refusal = OnRefusal::kDefaultClass,
                                      .exclusive = {*ClassIdRange::parse("10:100-10:1ff")}}));
  EXPECT_EQ(config.receive_buffer_bytes, 1U << 20);
  EXPECT_EQ(config.audit_interval, std::chrono::milliseconds{500});
  EXPECT_EQ(config.event_nap, std::chrono::milliseconds{0});
  EXPECT_EQ(config.log, (LogConfig{LogLevel::kDebug, LogFormat::kJson}));
}

TEST(ConfigTest, ADefaultClassMayBeAClassid) {
  EXPECT_EQ(std::get<ClassId>(*parsed(R"({"default_class": "10:7"})").default_class), *ClassId::parse("10:7"));
  EXPECT_EQ(parsed(R"({"default_class": null})").default_class, std::nullopt);
}

TEST(ConfigTest, NullAsWebConfigMeansNoFile) { EXPECT_EQ(parsed(R"({"web_config": null})").web_config, std::nullopt); }

TEST(ConfigTest, NullOrNothingAsListenMeansNoTcpListener) {
  EXPECT_EQ(parsed(R"({"listen": null})").listen, std::nullopt);
  EXPECT_EQ(parsed(R"({"listen": ""})").listen, std::nullopt);
}

struct BadConfig {
  const char* text;
  const char* error;
};

class BadConfigTest : public testing::TestWithParam<BadConfig> {};

TEST_P(BadConfigTest, IsRefusedWithFileLineKeyAndWhatWasExpected) {
  EXPECT_EQ(error_of(GetParam().text), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, BadConfigTest,
    testing::Values(
        BadConfig{"{\n\n \"receive_bufer\": \"1MiB\"}",
                  R"(c.json:3: unknown key "receive_bufer"; did you mean "receive_buffer"?)"},
        BadConfig{"{\"net_cls\":\n {\"mout\": \"auto\"}}",
                  R"(c.json:2: unknown key "net_cls.mout"; did you mean "net_cls.mount"?)"},
        BadConfig{R"({"log": {"colour": 1}})", R"(c.json:1: unknown key "log.colour"; expected one of level, format)"},
        BadConfig{"{\n\"socket\": \"/a\",\n\"socket\": \"/b\"}",
                  R"(c.json:3: duplicate key "socket", first on line 2)"},
        BadConfig{R"({"classes": {"gold": "1:1", "gold": "1:2"}})",
                  R"(c.json:1: duplicate key "classes.gold", first on line 1)"},
        BadConfig{"{\n\"classes\": {\n\"gold\": \"0\"}}",
                  R"(c.json:3: classes.gold: classid "0" is zero, which means no class)"},
        BadConfig{"{\"classes\": {\n\"gold\": \"10\"}}",
                  "c.json:2: classes.gold: classid \"10\" is 0:a, which has no major and fits no qdisc: did you mean "
                  "10:0? (0:a is taken if it is written so)"},
        BadConfig{R"({"allowed_classids": ["601"]})",
                  "c.json:1: allowed_classids[0]: classid \"601\" is 0:259, which has no major and fits no qdisc: did "
                  "you mean 601:0, or 10:1, which YAML 1.1 reads as 601 where it is not in quotes? (0:259 is taken if "
                  "it is written so)"},
        BadConfig{R"({"classes": {"gold": 16}})",
                  R"(c.json:1: classes.gold: expected a classid like "10:1", found a number)"},
        BadConfig{R"({"classes": {"1": "10:1"}})",
                  "c.json:1: classes.1: a class's name begins with a letter and has letters, digits, '_', '-' and '.', "
                  "at most 63"},
        BadConfig{R"({"classes": []})",
                  R"(c.json:1: classes: expected an object like {"gold": "10:1"}, found an array)"},
        BadConfig{"{\"default_class\":\n\"gold\"}", R"(c.json:2: default_class: "gold" is not one of the classes)"},
        BadConfig{R"({"default_class": "0:0"})",
                  R"(c.json:1: default_class: classid "0:0" is zero, which means no class)"},
        BadConfig{
            R"({"default_class": 1})",
            R"(c.json:1: default_class: expected a class's name, a classid like "10:1", or null, found a number)"},
        BadConfig{"{\"allowed_classids\": [\"10:1\",\n\"10:2-10:1\"]}",
                  R"(c.json:2: allowed_classids[1]: range "10:2-10:1" ends before it begins)"},
        BadConfig{"{\"audit_interval\": 30\n}",
                  R"(c.json:1: audit_interval: expected a duration from 100ms to 24h like "30s", found a number)"},
        BadConfig{R"({"event_nap": "11ms"})",
                  R"(c.json:1: event_nap: expected a duration from 0ms to 10ms like "1ms", found "11ms")"},
        BadConfig{R"({"audit_interval": "10ms"})",
                  R"(c.json:1: audit_interval: expected a duration from 100ms to 24h like "30s", found "10ms")"},
        BadConfig{R"({"receive_buffer": "2GiB"})",
                  R"(c.json:1: receive_buffer: expected a size from 4KiB to 1GiB like "64MiB", found "2GiB")"},
        BadConfig{R"({"socket": "agent.sock"})",
                  R"(c.json:1: socket: expected an absolute path of at most 103 characters, found "agent.sock")"},
        BadConfig{
            R"({"socket_group": 990})",
            R"(c.json:1: socket_group: expected a group's name or number like "netclsd" or "990", or null, found a number)"},
        BadConfig{R"({"state_dir": "/a\u0007b"})",
                  "c.json:1: state_dir: expected an absolute path of at most 1024 characters, found \"/a?b\""},
        BadConfig{R"({"listen": "localhost:9917"})",
                  "c.json:1: listen: expected an IP address and a port like \"127.0.0.1:9917\" or \"[::1]:9917\", or "
                  "null, found \"localhost:9917\""},
        BadConfig{R"({"web_config": ""})",
                  R"(c.json:1: web_config: expected an absolute path of at most 1024 characters, found "")"},
        BadConfig{R"({"net_cls": {"mount": "relative"}})",
                  R"(c.json:1: net_cls.mount: expected "auto" or an absolute path, found "relative")"},
        BadConfig{R"({"net_cls": {"keep_mounted": "yes"}})",
                  "c.json:1: net_cls.keep_mounted: expected true or false, found \"yes\""},
        BadConfig{R"({"net_cls": {"parent": "a/b"}})",
                  "c.json:1: net_cls.parent: expected a directory's name of letters, digits, '_', '-' and '.', found "
                  "\"a/b\""},
        BadConfig{R"({"log": {"level": "loud"}})",
                  R"(c.json:1: log.level: expected "debug", "info", "warning" or "error", found "loud")"},
        BadConfig{R"({"log": true})", "c.json:1: log: expected an object, found a boolean"},
        BadConfig{"[]", "c.json:1: expected an object, found an array"}));

const std::string kRule = R"({"name": "a", "namespaces": ["*"], "allowed_classids": []})";

std::string error_of_policy(const std::string& policy) { return error_of("{\"policy\":\n" + policy + "}"); }
std::string error_of_rules(const std::string& rules) { return error_of_policy("{\"rules\": [" + rules + "]}"); }

TEST(PolicyKeysTest, NullIsNoPolicy) { EXPECT_EQ(parsed(R"({"policy": null})"), Config{}); }

TEST(PolicyKeysTest, ErrorsNameTheRuleAndTheKey) {
  EXPECT_EQ(error_of_rules(kRule + ",\n{\"name\": \"b\",\n\"namespace\": [\"x\"]}"),
            R"(c.json:4: unknown key "policy.rules[1].namespace"; did you mean "policy.rules[1].namespaces"?)");
  EXPECT_EQ(error_of_rules(kRule + ",\n" + kRule), R"(c.json:3: policy.rules[1].name: another rule has the name "a")");
  EXPECT_EQ(error_of_rules(R"({"name": "a", "namespaces": ["*"]})"),
            R"(c.json:2: policy.rules[0]: lacks "allowed_classids")");
  EXPECT_EQ(error_of_rules(R"({"name": "a", "allowed_classids": []})"),
            R"(c.json:2: policy.rules[0]: lacks "namespaces")");
  EXPECT_EQ(error_of_rules(R"({"name": "a b"})"),
            "c.json:2: policy.rules[0].name: expected a name of letters, digits, '_', '-' and '.', at most 63, found "
            "\"a b\"");
  EXPECT_EQ(error_of_rules(R"({"name": "a", "namespaces": []})"),
            R"(c.json:2: policy.rules[0].namespaces: expected an array of at least one pattern like ["team-*"], )"
            "found an array");
  EXPECT_EQ(error_of_rules(R"({"name": "a", "namespaces": ["x", "[a-z]"]})"),
            "c.json:2: policy.rules[0].namespaces[1]: expected a pattern of lower-case letters, digits, '-', '.', '*' "
            "and '?', at most 253, found \"[a-z]\"");
  EXPECT_THAT(error_of_rules(R"({"name": "a", "service_accounts": [""]})"),
              HasSubstr("policy.rules[0].service_accounts[0]: expected a pattern"));
  EXPECT_EQ(error_of_rules(R"({"name": "a", "allowed_classids": ["10:2-10:1"]})"),
            R"(c.json:2: policy.rules[0].allowed_classids[0]: range "10:2-10:1" ends before it begins)");
  EXPECT_EQ(error_of_rules("7"), "c.json:2: policy.rules[0]: expected an object, found a number");
}

TEST(PolicyKeysTest, APolicyWithoutRulesIsAnError) {
  for (const char* policy : {"{}", R"({"rules": []})", R"({"exclusive_classids": ["10:1"]})"}) {
    EXPECT_EQ(error_of_policy(policy),
              "c.json:2: policy: has no rules: nothing would be allowed; leave it out or add one");
  }
}

TEST(PolicyKeysTest, WhatTheRefusedGetMustBeThere) {
  const std::string policy = "{\"rules\": [" + kRule + "],\n\"on_refusal\": \"default_class\"}";
  EXPECT_EQ(error_of_policy(policy), R"(c.json:3: policy.on_refusal: "default_class" needs a default_class)");
  EXPECT_TRUE(parse_config(R"({"default_class": "10:1", "policy":)" + policy + "}", "c.json").has_value());
  EXPECT_EQ(error_of_policy(R"({"on_refusal": "deny"})"),
            R"(c.json:2: policy.on_refusal: expected "unclassified" or "default_class", found "deny")");
}

TEST(PolicyKeysTest, TheDefaultClassIsNobodysAlone) {
  const std::string policy = "{\"rules\": [" + kRule + R"(], "exclusive_classids": ["10:1-10:f"]})";
  for (const char* default_class : {"10:7", "gold"}) {
    EXPECT_EQ(error_of(R"({"classes": {"gold": "10:1"}, "default_class": ")" + std::string(default_class) +
                       R"(", "policy":)" + policy + "}"),
              "c.json:1: policy.exclusive_classids: holds the default_class, which all namespaces share");
  }
}

TEST(PolicyKeysTest, RulesAndPatternsAreBounded) {
  std::string rules = kRule;
  for (int i = 0; i < 1024; ++i) rules += ", 7";
  EXPECT_THAT(error_of_rules(rules), HasSubstr("more than 1024 entries"));
  const std::string pattern(254, 'a');
  EXPECT_THAT(error_of_rules(R"({"name": "a", "namespaces": [")" + pattern + "\"]}"), HasSubstr("at most 253"));
}

TEST(ConfigTest, ASyntaxErrorNamesItsLine) {
  EXPECT_THAT(error_of("{\n\"socket\": \"/s\"\n\"listen\": null}"), HasSubstr("c.json:3: syntax error"));
  EXPECT_THAT(error_of("{\n\"socket\": \"/s\",\n}"), HasSubstr("c.json:3: syntax error"));
  EXPECT_THAT(error_of(""),
              AnyOf(HasSubstr("c.json:1: syntax error"), HasSubstr("c.json:1: attempting to parse an empty")));
  EXPECT_THAT(error_of("{} {}"), HasSubstr("c.json:1: syntax error"));
  EXPECT_THAT(error_of("{\n/* open"), HasSubstr("c.json:2: syntax error"));
  EXPECT_THAT(error_of("{\"socket\": \"\xff\"}"), HasSubstr("c.json:1: syntax error"));
}

TEST(ConfigTest, AnErrorIsOneShortLineWhateverItQuotes) {
  const std::string long_text(100'000, 'x');
  for (const std::string& text :
       {std::string(R"({"classes": {"a\nb": "10:1", "a\nb": "10:1"}})"), std::string(R"({"classes": {"a\nb": 1}})"),
        std::string(R"({"default_class": "a\nb"})"), R"({"classes": {")" + long_text + R"(": 1}})", "{" + long_text}) {
    const std::string error = error_of(text);
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    EXPECT_LT(error.size(), 400U);
  }
}

TEST(ConfigTest, LimitsAreErrors) {
  EXPECT_THAT(error_of(std::string(200, '[')), HasSubstr("c.json:1: nested deeper than 8 levels"));
  EXPECT_THAT(error_of(std::string(kConfigFileMax_bytes + 1, ' ')), HasSubstr("larger than 1048576 bytes"));
  std::string classes = R"({"classes": {"c0": "1:1")";
  for (int i = 1; i <= 1024; ++i) classes += ",\"c" + std::to_string(i) + "\": \"1:1\"";
  EXPECT_THAT(error_of(classes + "}}"), HasSubstr("more than 1024 entries"));
}

class LoadConfigTest : public testing::Test {
 protected:
  void TearDown() override { ::unlink(path_.c_str()); }
  std::string path_ = testing::TempDir() + "netclsd-config-" + std::to_string(::getpid()) + ".json";
};

TEST_F(LoadConfigTest, ReadsTheNamedFile) {
  std::ofstream(path_) << R"({"state_dir": "/elsewhere"})";
  const auto config = load_config(std::optional(path_));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->state_dir, "/elsewhere");
}

TEST_F(LoadConfigTest, ANamedFileMustBeThere) {
  const auto config = load_config(std::optional(path_));
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message(), HasSubstr("configuration: open " + path_ + ": No such file"));
}

TEST(RestartOnlyChangesTest, NamesExactlyTheKeysThatSighupCannotChange) {
  const Config old;
  Config now;
  now.classes.emplace("gold", *ClassId::parse("10:1"));
  now.default_class = ClassName{"gold"};
  now.allowed_classids.push_back(*ClassIdRange::parse("10:1"));
  now.policy = PodPolicy{.rules = {{.name = "a", .namespaces = {"*"}}}};
  now.audit_interval = std::chrono::seconds{1};
  now.log.level = LogLevel::kDebug;
  EXPECT_THAT(restart_only_changes(old, now), testing::IsEmpty());

  now.socket = "/s";
  now.socket_group = "adm";
  now.state_dir = "/d";
  now.listen.reset();
  now.web_config = "/w";
  now.net_cls = {"/m", "p", true};
  now.receive_buffer_bytes = 1;
  now.log.format = LogFormat::kJson;
  now.sandbox = {SeccompMode::kLog, LandlockMode::kOff};
  EXPECT_THAT(restart_only_changes(old, now),
              testing::ElementsAre("socket", "socket_group", "state_dir", "listen", "web_config", "net_cls.mount",
                                   "net_cls.parent", "net_cls.keep_mounted", "receive_buffer", "log.format",
                                   "sandbox.seccomp", "sandbox.landlock"));
}

TEST(ConfigTest, TheSandboxIsOnUnlessItIsSwitchedOff) {
  EXPECT_EQ(parse_config("{}", "c.json")->sandbox, (SandboxConfig{SeccompMode::kKill, LandlockMode::kAuto}));
  EXPECT_EQ(parse_config(R"({"sandbox": {"seccomp": "log", "landlock": "off"}})", "c.json")->sandbox,
            (SandboxConfig{SeccompMode::kLog, LandlockMode::kOff}));
  for (const std::string text : {"on", "refuse"}) {
    EXPECT_EQ(parse_config(R"({"sandbox": {"seccomp": ")" + text + R"("}})", "c.json").error().message(),
              R"(c.json:1: sandbox.seccomp: expected "kill", "log" or "off", found ")" + text + "\"");
  }
  EXPECT_EQ(parse_config(R"({"sandbox": {"landlock": true}})", "c.json").error().message(),
            R"(c.json:1: sandbox.landlock: expected "auto" or "off", found a boolean)");
}

}  // namespace
}  // namespace netclsd
