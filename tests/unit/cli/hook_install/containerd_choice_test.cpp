#include "cli/hook_install/containerd_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netclsd::cli {
namespace {

using testing::HasSubstr;

const std::string kLongName = "[plugins.'io.containerd.grpc.v1.cri'.containerd";
const std::string kOursByHand =
    "base_runtime_spec = '/etc/containerd/netclsd-base-spec.json'\npod_annotations = ['netclsd.io/*']\n";

ContainerdView view_of(const std::vector<std::string>& texts, Generation generation) {
  ContainerdView view{.generation = generation};
  for (const std::string& text : texts) {
    const std::string path = "/" + std::to_string(view.files.size()) + ".toml";
    view.files.push_back({.path = path, .text = text, .config = *parse_containerd_config(text)});
  }
  return view;
}

TEST(ContainerdChoiceTest, VersionsTwoToFourAreEdited) {
  for (const std::string text : {"", "# nothing\n", "version = 2\n", "version = 3\n", "version = 4\n"}) {
    EXPECT_EQ(why_left_alone(view_of({text}, Generation::kTwo)), "") << text;
  }
  for (const std::string text : {"root = '/'\n", "version = 1\n", "version = 5\n"}) {
    EXPECT_THAT(why_left_alone(view_of({text}, Generation::kTwo)), HasSubstr("only versions 2 to 4 are edited"))
        << text;
  }
}

TEST(ContainerdChoiceTest, OlderFileThatImportsANewerOneIsLeftAlone) {
  const std::vector<std::string> texts{"version = 2\n", "version = 2\n", "version = 3\n"};
  EXPECT_THAT(why_left_alone(view_of(texts, Generation::kTwo)),
              HasSubstr("/0.toml is of version 2 and imports /2.toml"));
  EXPECT_EQ(find_newer(view_of({"version = 3\n", "version = 2\n", ""}, Generation::kTwo)), "");
  EXPECT_EQ(find_newer(view_of({"", "version = 3\n"}, Generation::kTwo)), "") << "what is made is of version 3";
}

TEST(ContainerdChoiceTest, ContainerdOneDoesNotStartWithVersionThree) {
  const auto three = *parse_containerd_config("version = 3\n");
  EXPECT_THAT(check_config("/c", three, Generation::kOne).error().message(), HasSubstr("only containerd 2 does"));
  EXPECT_TRUE(check_config("/c", three, Generation::kTwo));
}

TEST(ContainerdChoiceTest, LongNamesOfAFileWithoutAVersionAreNotRead) {
  const std::string text = kLongName + ".runtimes.runc]\n";
  EXPECT_EQ(all_handlers(view_of({text}, Generation::kOne)).at(0).plugin, kCriPluginOfVersionOne);
  EXPECT_EQ(all_handlers(view_of({"version = 2\n" + text}, Generation::kOne)).at(0).plugin, kCriPlugin);
}

TEST(ContainerdChoiceTest, OldFormsOfVersionTwoAreEditedForContainerdTwoToo) {
  const std::string text = kLongName + ".default_runtime]\nruntime_type = 'io.containerd.runc.v2'\n";
  const auto handlers = all_handlers(view_of({"version = 2\n" + text}, Generation::kTwo));
  ASSERT_EQ(handlers.size(), 2U);
  EXPECT_EQ(handlers[0].name, "runc");
  EXPECT_EQ(handlers[1].table, HandlerTable::kDefaultRuntime);
}

TEST(ContainerdChoiceTest, HandlerThatAnotherFileDefinesIsNotEditedInTheMainFile) {
  const auto main = *parse_containerd_config("version = 2\n" + kLongName + ".runtimes.a]\n" + kLongName +
                                             ".runtimes.b]\n" + kOursByHand);
  const auto handler = [](const std::string& name, bool is_built_in) {
    return RuntimeHandler{.name = name, .runtime_type = {}, .base_runtime_spec = {}, .is_built_in = is_built_in};
  };
  EXPECT_TRUE(is_to_be_edited(handler("a", false), main));
  EXPECT_FALSE(is_to_be_edited(handler("b", false), main)) << "somebody wrote our lines";
  EXPECT_FALSE(is_to_be_edited(handler("nvidia", false), main));
  EXPECT_TRUE(is_to_be_edited(handler("runc", true), main));
}

}  // namespace
}  // namespace netclsd::cli
