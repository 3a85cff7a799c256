#include "cli/hook_install/containerd_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netclsd::cli {
namespace {

using testing::HasSubstr;

const std::string kRuntimes = "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
const std::vector<HandlerEdit> kRunc = {{"runc", "/spec.json"}};

std::string edited(const std::string& text, const std::vector<HandlerEdit>& edits = kRunc) {
  const auto result = edit_containerd_config(text, edits);
  return result ? *result : "refused: " + result.error().message();
}

TEST(ContainerdConfigTest, SaysWhatMatters) {
  const auto config = parse_containerd_config("version = 2\nimports = ['a/*.toml']\ndisabled_plugins = ['cri']\n" +
                                              kRuntimes + ".a]\nruntime_type = 'io.containerd.runc.v2'\n" + kRuntimes +
                                              ".b]\nruntime_type = 'kata'\nbase_runtime_spec = '/b.json'\n"
                                              "pod_annotations = ['netclsd.io/*']\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->version, 2);
  EXPECT_TRUE(config->is_cri_disabled);
  EXPECT_TRUE(config->has_cri_table);
  EXPECT_THAT(config->imports, testing::ElementsAre("a/*.toml"));
  ASSERT_EQ(config->handlers.size(), 2U);
  EXPECT_TRUE(is_runc(config->handlers[0]));
  EXPECT_FALSE(is_runc(config->handlers[1]));
  EXPECT_EQ(config->handlers[1].base_runtime_spec, "/b.json");
  EXPECT_TRUE(config->handlers[1].passes_our_annotations);
}

TEST(ContainerdConfigTest, FileWithoutVersionIsOfVersionOne) {
  EXPECT_EQ(parse_containerd_config("root = '/r'\n")->version, 1);
  EXPECT_TRUE(parse_containerd_config("# nothing\n")->is_empty);
  EXPECT_THAT(parse_containerd_config("a = \n").error().message(), HasSubstr("line 1: "));
}

TEST(ContainerdConfigTest, WhatIsNoTomlIsAnErrorAndNotTheEnd) {
  for (const char* text : {"[&", "[:a]\n", "[[[a]]]\n", "[[=\n", "d\xd2\x96"}) {
    EXPECT_THAT(parse_containerd_config(text).error().message(), HasSubstr("line 1: ")) << text;
  }
}

TEST(ContainerdEditTest, KeysAreAddedBelowTheHeaderIndentedTwoMore) {
  EXPECT_EQ(edited("version = 2\n  " + kRuntimes + ".runc] # it\n    a = 1\n"),
            "version = 2\n  " + kRuntimes +
                ".runc] # it\n    base_runtime_spec = \"/spec.json\"\n"
                "    pod_annotations = [\"netclsd.io/*\"]\n    a = 1\n");
}

TEST(ContainerdEditTest, ValuesAreReplacedWhereTheyStand) {
  EXPECT_EQ(
      edited(kRuntimes + ".runc]\npod_annotations = [] # theirs\nbase_runtime_spec = ''#x\n"),
      kRuntimes + ".runc]\npod_annotations = [\"netclsd.io/*\"] # theirs\nbase_runtime_spec = \"/spec.json\"#x\n");
  EXPECT_EQ(
      edited(kRuntimes + ".runc]\nbase_runtime_spec = '''\nlong'''\npod_annotations = [\n 'ü', # a\n]\n"),
      kRuntimes + ".runc]\nbase_runtime_spec = \"/spec.json\"\npod_annotations = [\"netclsd.io/*\", \n 'ü', # a\n]\n");
}

TEST(ContainerdEditTest, ColumnsCountCharactersNotBytes) {
  EXPECT_EQ(edited(kRuntimes + ".runc]\n\"pod_annotations\" = ['ä/*', 'ö/*']\nbase_runtime_spec = 'ü' # ß\n"),
            kRuntimes +
                ".runc]\n\"pod_annotations\" = [\"netclsd.io/*\", 'ä/*', 'ö/*']\n"
                "base_runtime_spec = \"/spec.json\" # ß\n");
}

TEST(ContainerdEditTest, EditingTwiceChangesNothingMore) {
  const std::string once = edited("version = 2\n" + kRuntimes + ".runc]\n");
  EXPECT_EQ(edited(once), once);
}

TEST(ContainerdEditTest, LastLineWithoutLineFeed) {
  EXPECT_EQ(edited(kRuntimes + ".runc]"),
            kRuntimes + ".runc]\n  base_runtime_spec = \"/spec.json\"\n  pod_annotations = [\"netclsd.io/*\"]");
}

TEST(ContainerdEditTest, MissingHandlerIsSpelledOutAtTheEnd) {
  const std::string handler = kRuntimes +
                              ".runc]\n  runtime_type = \"io.containerd.runc.v2\"\n"
                              "  base_runtime_spec = \"/spec.json\"\n  pod_annotations = [\"netclsd.io/*\"]\n";
  EXPECT_EQ(edited(""), "version = 2\n\n" + handler);
  EXPECT_EQ(edited("version = 2"), "version = 2\n\n" + handler);
}

TEST(ContainerdEditTest, UnusualShapesAreRefusedWithWhatToAdd) {
  for (const std::string& text :
       {kRuntimes + "]\nrunc = {}\n", kRuntimes + "]\nrunc.a = 1\n", kRuntimes + ".runc.options]\na = 1\n",
        kRuntimes + ".runc]\npod_annotations = 'a'\n", std::string("plugins = {}\n")}) {
    EXPECT_THAT(edited(text), testing::StartsWith("refused: config.toml cannot be edited safely")) << text;
    EXPECT_THAT(edited(text), HasSubstr("base_runtime_spec = \"/spec.json\"\n  pod_annotations = [\"netclsd.io/*\"]"));
  }
}

TEST(ContainerdEditTest, HeaderInsideOfATextIsNotOne) {
  const std::string text = "a = '''\n" + kRuntimes + ".runc]\n'''\n" + kRuntimes + ".runc]\n";
  EXPECT_EQ(edited(text), text + "  base_runtime_spec = \"/spec.json\"\n  pod_annotations = [\"netclsd.io/*\"]\n");
}

}  // namespace
}  // namespace netclsd::cli
