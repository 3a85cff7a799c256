#include "agent/http/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netclsd {
namespace {

using Kind = JsonNode::Kind;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string error_of(const std::string& text) {
  const auto tree = read_yaml(text, "w.yaml");
  return tree ? "no error" : tree.error().message();
}

TEST(YamlReaderTest, GivesATreeThatKnowsItsLines) {
  const auto tree = read_yaml("a:\n  b: 'text'\n  c: [x, y]\n# a comment\nd: true\ne:\n", "w.yaml");
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ(tree->kind, Kind::kObject);
  EXPECT_EQ(tree->find("a")->find("b")->text, "text");
  EXPECT_EQ(tree->find("a")->find("b")->line, 2);
  EXPECT_EQ(tree->find("a")->find("c")->kind, Kind::kArray);
  EXPECT_EQ(tree->find("a")->find("c")->items[1].text, "y");
  EXPECT_EQ(tree->find("d")->kind, Kind::kBoolean);
  EXPECT_EQ(tree->find("d")->text, "true");
  EXPECT_EQ(tree->find("e")->kind, Kind::kNull);
}

TEST(YamlReaderTest, AQuotedWordIsAString) {
  EXPECT_EQ(read_yaml("a: 'true'", "w.yaml")->find("a")->kind, Kind::kString);
}

TEST(YamlReaderTest, JsonIsYaml) {
  EXPECT_EQ(read_yaml(R"({"a": {"b": "c"}})", "w.yaml")->find("a")->find("b")->text, "c");
}

TEST(YamlReaderTest, NothingIsNull) {
  EXPECT_EQ(read_yaml("", "w.yaml")->kind, Kind::kNull);
  EXPECT_EQ(read_yaml("# nothing\n", "w.yaml")->kind, Kind::kNull);
}

TEST(YamlReaderTest, ADuplicateKeyIsRefusedWithBothLines) {
  EXPECT_EQ(error_of("a: 1\nb: 2\na: 3\n"), "w.yaml:3: duplicate key \"a\", first on line 1");
}

TEST(YamlReaderTest, AnchorsAliasesAndTagsAreRefused) {
  EXPECT_EQ(error_of("a: &x 1\n"), "w.yaml:1: anchors are not supported");
  EXPECT_EQ(error_of("a: &x {b: c}\nd: *x\n"), "w.yaml:1: anchors are not supported");
  EXPECT_EQ(error_of("a: !!binary aGVsbG8=\n"), "w.yaml:1: tags are not supported");
  const std::string undefined = "w.yaml:1: the referenced anchor is not defined";
  EXPECT_THAT(error_of("<<: *x\n"), testing::AnyOf(undefined, undefined + ": x"));  // newer versions name it
}

TEST(YamlReaderTest, APageOfAliasesDoesNotGrow) {
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before + "]\n";
  }
  EXPECT_EQ(error_of(laughs), "w.yaml:1: anchors are not supported");
}

TEST(YamlReaderTest, ASecondDocumentIsRefused) {
  EXPECT_EQ(error_of("a: 1\n---\nb: 2\n"), "w.yaml: more than one document");
}

TEST(YamlReaderTest, DepthAndEntriesHaveALimit) {
  EXPECT_EQ(error_of("[[[[[[[[[1]]]]]]]]]"), "w.yaml:1: nested deeper than 8 levels");
  EXPECT_THAT(error_of(std::string(100'000, '[')), StartsWith("w.yaml"));
  std::string many;
  for (int i = 0; i < 1025; ++i) many += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(error_of(many), "w.yaml:1025: more than 1024 entries");
}

TEST(YamlReaderTest, WhatIsNoYamlIsRefusedWithItsLine) {
  EXPECT_THAT(error_of("a: 1\n\tb: 2\n"), StartsWith("w.yaml:2: "));
  EXPECT_THAT(error_of("a: [1\n"), StartsWith("w.yaml:"));
  EXPECT_THAT(error_of("? {a: b}\n: c\n"), HasSubstr("a key must be plain text"));
  EXPECT_EQ(error_of(std::string("a: 1\0", 5)), "w.yaml: expected text, found a NUL");
}

// Found by fuzzing: errors go into logs and onto terminals.
TEST(YamlReaderTest, AnErrorHasNoControlCharacters) {
  EXPECT_EQ(error_of("a\x7f: 1\na\x7f: 2\n"), "w.yaml:2: duplicate key \"a?\", first on line 1");
  EXPECT_THAT(error_of("\"\\\x01\""), AllOf(StartsWith("w.yaml:1: "), Not(HasSubstr("\x01"))));
}

}  // namespace
}  // namespace netclsd
