#include "cli/hook_install/containerd_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/hook_install/toml.h"

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

TEST(ContainerdConfigTest, AVersionIsAWholeNumber) {
  EXPECT_EQ(parse_containerd_config("version = 2\n")->version, 2);
  for (const char* text : {"version = 2.2e28\n", "version = '2'\n", "version = -1\n"}) {
    EXPECT_THAT(parse_containerd_config(text).error().message(), HasSubstr("version is not a whole number")) << text;
  }
}

TEST(ContainerdConfigTest, WhatContainerdDoesNotStartWithIsAnError) {
  EXPECT_THAT(parse_containerd_config("imports = '/a/*.toml'\n").error().message(), HasSubstr("imports is not a list"));
  EXPECT_THAT(parse_containerd_config("version = 2\n[plugins.cri.containerd]\n").error().message(),
              HasSubstr("plugins.cri is a name of format version 1"));
  EXPECT_TRUE(parse_containerd_config("[plugins.cri.containerd]\n"));
}

TEST(ContainerdConfigTest, PluginOfTheHandlersGoesByTheVersion) {
  const std::string rest =
      "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.a]\nbase_runtime_spec = '/a'\n"
      "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.b]\n";
  for (const std::string version : {"version = 3\n", "version = 4\n"}) {
    const auto config = parse_containerd_config(version + rest);
    ASSERT_TRUE(config);
    ASSERT_EQ(config->handlers.size(), 1U);
    EXPECT_EQ(config->handlers[0].name, "a");
    EXPECT_EQ(config->handlers[0].plugin, kCriRuntimePlugin);
    EXPECT_EQ(edit_of(config->handlers[0]).plugin, kCriRuntimePlugin);
  }
  EXPECT_EQ(parse_containerd_config("version = 2\n" + rest)->handlers.at(0).name, "b");
  EXPECT_EQ(parse_containerd_config("[plugins.cri.containerd.runtimes.c]\n")->handlers.at(0).plugin, "cri");
  EXPECT_TRUE(
      parse_containerd_config("version = 3\ndisabled_plugins = ['io.containerd.cri.v1.runtime']")->is_cri_disabled);
}

TEST(ContainerdConfigTest, ADropInHasOurKeysAndTheTypeOfEachHandler) {
  const std::string three = "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes";
  const auto config = parse_containerd_config("version = 3\n" + three + ".runc]\n" + three +
                                              ".x]\nruntime_type = 'io.containerd.runc.v2'\nbase_runtime_spec = '/x'\n"
                                              "pod_annotations = ['netclsd.io/*', 'a\"b', \"c\\u0001\"]\n");
  ASSERT_TRUE(config);
  const std::string text = drop_in_text(3, config->handlers);
  EXPECT_THAT(text, HasSubstr("\nversion = 3\n\n" + three +
                              ".runc]\n  runtime_type = \"io.containerd.runc.v2\"\n"
                              "  base_runtime_spec = \"/etc/containerd/netclsd-base-spec.json\"\n"
                              "  pod_annotations = [\"netclsd.io/*\"]\n"));
  const auto read = parse_containerd_config(text);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->handlers.size(), 2U);
  EXPECT_TRUE(calls_our_hook(read->handlers[1]));
  EXPECT_EQ(read->handlers[1].base_runtime_spec, "/etc/containerd/netclsd-base-spec-x.json");
  EXPECT_THAT(read->handlers[1].other_annotations, testing::ElementsAre("a\"b", "c\x01"));
}

TEST(ContainerdConfigTest, ContainerdTwoHasRuncBesideOthers) {
  const auto kata =
      parse_containerd_config("version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]");
  EXPECT_EQ(with_built_in(*kata, Generation::kOne).size(), 1U);
  const auto handlers = with_built_in(*kata, Generation::kTwo);
  ASSERT_EQ(handlers.size(), 2U);
  EXPECT_TRUE(handlers[1].is_built_in);
  EXPECT_EQ(handlers[1].plugin, kCriRuntimePlugin);
  const auto none = parse_containerd_config("");
  EXPECT_EQ(with_built_in(*none, Generation::kOne).at(0).plugin, kCriPlugin);
  EXPECT_EQ(with_built_in(*none, Generation::kTwo).at(0).plugin, kCriRuntimePlugin);
}

TEST(ContainerdConfigTest, SpecThatALineByHandNamesIsOurs) {
  EXPECT_EQ(spec_path_for({.name = "a", .runtime_type = {}, .base_runtime_spec = {}}),
            "/etc/containerd/netclsd-base-spec.json");
  EXPECT_EQ(spec_path_for({.name = "a", .runtime_type = {}, .base_runtime_spec = "/their.json"}),
            "/etc/containerd/netclsd-base-spec-a.json");
  EXPECT_EQ(
      spec_path_for({.name = "a", .runtime_type = {}, .base_runtime_spec = "/etc/containerd/netclsd-base-spec.json"}),
      "/etc/containerd/netclsd-base-spec.json");
}

TEST(ContainerdConfigTest, OldFormsWithATypeAreTheHandlersDefaultAndUntrusted) {
  const std::string containerd = "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd";
  const auto config = parse_containerd_config(
      containerd + ".default_runtime]\nruntime_type = 'io.containerd.runc.v2'\n" + containerd.substr(12) +
      ".untrusted_workload_runtime]\nruntime_type = ''\n" + kRuntimes + ".default]\nruntime_type = 'kata'\n");
  ASSERT_TRUE(config) << config.error().message();
  ASSERT_EQ(config->handlers.size(), 1U) << "runtimes.default does not count beside default_runtime";
  EXPECT_EQ(config->handlers[0].name, "default");
  EXPECT_EQ(config->handlers[0].table, HandlerTable::kDefaultRuntime);
  EXPECT_EQ(config->handlers[0].runtime_type, "io.containerd.runc.v2");
  EXPECT_EQ(config->default_handler, "default");
  EXPECT_EQ(parse_containerd_config(containerd + "]\ndefault_runtime_name = 'kata'\n")->default_handler, "kata");
  EXPECT_EQ(parse_containerd_config("version = 2\n")->default_handler, "runc");
}

TEST(ContainerdConfigTest, BytesThatAreNoUtf8AreReadInCommentsAlone) {
  EXPECT_EQ(parse_containerd_config("version = 2 # f\xfcr \x01\n")->version, 2);
  EXPECT_THAT(parse_containerd_config("root = 'f\xfcr'\n").error().message(), HasSubstr("outside of a comment"));
  EXPECT_EQ(parse_containerd_config("\xef\xbb\xbfversion = 2\n")->version, 2);
}

TEST(ContainerdConfigTest, TableThatIsDefinedTwiceIsToldByItsLine) {
  const std::string cri = "[plugins.\"io.containerd.grpc.v1.cri\"";
  EXPECT_EQ(parse_containerd_config("version = 2\n" + cri + "]\ncontainerd.a = 1\n" + cri + ".containerd]\n")
                .error()
                .message(),
            "line 4: " + cri +
                ".containerd] defines again, or in another way, what a line above has defined; TOML 1.0 forbids that");
}

TEST(ContainerdConfigTest, OnlyAValueIsOurs) {
  EXPECT_FALSE(has_value_of_ours("# netclsd: base_runtime_spec = '/etc/containerd/netclsd-base-spec.json'\n"));
  EXPECT_FALSE(has_value_of_ours("root = '/data/netclsd'\n"));
  EXPECT_TRUE(has_value_of_ours(kRuntimes + ".a]\npod_annotations = ['x', 'netclsd.io/*']\n"));
  EXPECT_TRUE(has_value_of_ours(kRuntimes + ".a]\nbase_runtime_spec = '/etc/containerd/netclsd-base-spec-a.json'\n"));
  EXPECT_TRUE(has_value_of_ours("no TOML, netclsd"));
  EXPECT_TRUE(has_value("a = ['/x']\n", "/x"));
  EXPECT_FALSE(has_value("a = '/xy' # /x\n", "/x"));
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
  for (const std::string& text : {kRuntimes + "]\nrunc = {}\n", kRuntimes + "]\nrunc.a = 1\n", kRuntimes + "]\n",
                                  kRuntimes + ".runc]\npod_annotations = 'a'\n", std::string("plugins = {}\n")}) {
    EXPECT_THAT(edited(text), testing::StartsWith("refused: cannot be edited safely")) << text;
  }
  EXPECT_EQ(lines_by_hand(kRunc), "\n" + kRuntimes +
                                      ".runc]\n  base_runtime_spec = \"/spec.json\"\n"
                                      "  pod_annotations = [\"netclsd.io/*\"]");
}

TEST(ContainerdEditTest, HandlerWithAnOptionsTableAloneGetsAHeader) {
  EXPECT_EQ(edited("version = 2\n  " + kRuntimes + ".runc.options] # it\n    a = 1\n"),
            "version = 2\n  " + kRuntimes +
                ".runc]\n    base_runtime_spec = \"/spec.json\"\n    pod_annotations = [\"netclsd.io/*\"]\n  " +
                kRuntimes + ".runc.options] # it\n    a = 1\n");
  EXPECT_EQ(edited(kRuntimes + ".runc.options]\na = 1\n" + kRuntimes + ".runc]\nb = 1\n"),
            kRuntimes + ".runc.options]\na = 1\n" + kRuntimes +
                ".runc]\n  base_runtime_spec = \"/spec.json\"\n  pod_annotations = [\"netclsd.io/*\"]\nb = 1\n");
}

TEST(ContainerdEditTest, OldFormIsEditedInItsPlaceAndTheBuiltInHandlerSpelledOut) {
  const std::string old = "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd.default_runtime]\n";
  const std::string type = "  runtime_type = 'io.containerd.runc.v2'\n";
  const std::string ours = "  base_runtime_spec = \"/spec.json\"\n  pod_annotations = [\"netclsd.io/*\"]\n";
  EXPECT_EQ(edited(old + type, {{"default", "/spec.json", HandlerTable::kDefaultRuntime}, {"runc", "/spec.json"}}),
            old + ours + type + "\n" + kRuntimes + ".runc]\n  runtime_type = \"io.containerd.runc.v2\"\n" + ours);
}

const std::string kThree = "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes";
const HandlerEdit kRuncOfTwo = {.handler = "runc", .base_runtime_spec = "/spec.json", .plugin = kCriRuntimePlugin};
const std::string kTwoLines = "  base_runtime_spec = \"/spec.json\"\n  pod_annotations = [\"netclsd.io/*\"]\n";

TEST(ContainerdEditTest, VersionThreeHasTheHandlersAtAnotherPlugin) {
  for (const std::string version : {"version = 3\n", "version = 4\n"}) {
    const std::string text = version + "[plugins]\n" + kThree + ".runc]\n";
    EXPECT_EQ(edited(text, {kRuncOfTwo}), text + kTwoLines);
  }
  const std::string dumped = "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n  pod_annotations = ";
  EXPECT_EQ(edited(dumped + "[]\n  base_runtime_spec = ''\n", {kRuncOfTwo}),
            dumped + "[\"netclsd.io/*\"]\n  base_runtime_spec = \"/spec.json\"\n");
}

TEST(ContainerdEditTest, FileThatIsMissingGetsTheVersionOfThePlugin) {
  const std::string handler = "\n" + kThree + ".runc]\n  runtime_type = \"io.containerd.runc.v2\"\n" + kTwoLines;
  EXPECT_EQ(edited("", {kRuncOfTwo}), "version = 3\n" + handler);
  EXPECT_EQ(edited("version = 4\n", {kRuncOfTwo}), "version = 4\n" + handler);
}

TEST(ContainerdEditTest, BuiltInHandlerIsAddedBesideOthersForContainerdTwoAlone) {
  const std::string kata = "version = 3\n" + kThree + ".kata]\nruntime_type = \"kata\"\n";
  HandlerEdit edit = kRuncOfTwo;
  EXPECT_THAT(edited(kata, {edit}), testing::StartsWith("refused: "));
  edit.is_built_in = true;
  EXPECT_EQ(edited(kata, {edit}),
            kata + "\n" + kThree + ".runc]\n  runtime_type = \"io.containerd.runc.v2\"\n" + kTwoLines);
  EXPECT_EQ(lines_by_hand({edit}), "\n" + kThree + ".runc]\n  runtime_type = \"io.containerd.runc.v2\"\n" +
                                       kTwoLines.substr(0, kTwoLines.size() - 1));
}

TEST(ContainerdEditTest, UnusualNameIsQuoted) {
  const std::string text = kRuntimes + ".\"io.example.v1\"]\n";
  EXPECT_EQ(edited(text, {{"io.example.v1", "/s"}}),
            text + "  base_runtime_spec = \"/s\"\n  pod_annotations = [\"netclsd.io/*\"]\n");
  EXPECT_THAT(lines_by_hand({{"io.example.v1", "/s"}}), HasSubstr(".runtimes.\"io.example.v1\"]"));
}

TEST(ContainerdEditTest, LinesEndAsTheOthersAndTheMarkStays) {
  const std::string handler = kRuntimes +
                              ".runc]\r\n  runtime_type = \"io.containerd.runc.v2\"\r\n"
                              "  base_runtime_spec = \"/spec.json\"\r\n  pod_annotations = [\"netclsd.io/*\"]\r\n";
  EXPECT_EQ(edited("\xef\xbb\xbfversion = 2\r\n"), "\xef\xbb\xbfversion = 2\r\n\r\n" + handler);
  EXPECT_EQ(edited("\xef\xbb\xbf" + kRuntimes + ".runc]\r\n# \xfc\r\na = ['\xc3\xbc'] # \xfc"),
            "\xef\xbb\xbf" + kRuntimes +
                ".runc]\r\n  base_runtime_spec = \"/spec.json\"\r\n  pod_annotations = [\"netclsd.io/*\"]\r\n"
                "# \xfc\r\na = ['\xc3\xbc'] # \xfc");
  EXPECT_EQ(edited("x = 1 # \xfc\r\n" + kRuntimes + ".runc]"),
            "x = 1 # \xfc\r\n" + kRuntimes +
                ".runc]\r\n  base_runtime_spec = \"/spec.json\"\r\n  pod_annotations = [\"netclsd.io/*\"]");
}

TEST(ContainerdEditTest, HeaderInsideOfATextIsNotOne) {
  const std::string text = "a = '''\n" + kRuntimes + ".runc]\n'''\n" + kRuntimes + ".runc]\n";
  EXPECT_EQ(edited(text), text + "  base_runtime_spec = \"/spec.json\"\n  pod_annotations = [\"netclsd.io/*\"]\n");
}

TEST(QuotedKeyTest, IsReadAsTheKeyThatItWasMadeOf) {
  for (const std::string key : {"runc", "a.b", "", "with \"quotes\"", "back\\slash", "a\nline", "\x7f"}) {
    const auto table = parse_toml("[" + quoted_key(key) + "]\n");
    ASSERT_TRUE(table.has_value()) << key;
    EXPECT_NE(find_table(*table, {key}), nullptr) << key;
  }
}

}  // namespace
}  // namespace netclsd::cli
