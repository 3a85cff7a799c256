#include "cli/hook_install/containerd_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cli/hook_install/fake_containerd.h"

namespace netclsd::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kMainFile = "/etc/containerd/config.toml";
const std::string kCri = "[plugins.'io.containerd.grpc.v1.cri'.registry]\n";

class ContainerdViewTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const { host_.write("etc/containerd/" + name, text); }

  [[nodiscard]] ContainerdView view() const {
    auto view = read_containerd_view(host_.tree(), kMainFile);
    EXPECT_TRUE(view) << view.error().message();
    return view ? *view : ContainerdView{};
  }

  [[nodiscard]] std::vector<std::string> paths() const {
    std::vector<std::string> paths;
    for (const ConfigFile& file : view().files) paths.push_back(file.path);
    return paths;
  }

  FakeContainerdHost host_;
};

TEST_F(ContainerdViewTest, WithoutAFileTheBuiltInHandlerCounts) {
  EXPECT_THAT(paths(), ElementsAre());
  ASSERT_EQ(view().handlers().size(), 1U);
  EXPECT_EQ(view().handlers()[0].name, "runc");
}

TEST_F(ContainerdViewTest, ImportsAreReadAfterWhoImportsThemAndTheLastTableCounts) {
  write("config.toml", "version = 2\nimports = ['a.toml', 'conf.d/*.toml']\n" + kCri);
  write("a.toml", "imports = ['/etc/containerd/nested/b.toml', 'config.toml']\n" + kCri);
  write("conf.d/z.toml", "root = '/'\n");
  write("conf.d/y.txt", kCri);
  write("nested/b.toml", "root = '/'\n");
  EXPECT_THAT(paths(), ElementsAre(kMainFile, "/etc/containerd/a.toml", "/etc/containerd/conf.d/z.toml",
                                   "/etc/containerd/nested/b.toml"));
  EXPECT_EQ(view().deciding()->path, "/etc/containerd/a.toml");
  write("nested/b.toml", kCri);
  EXPECT_EQ(view().deciding()->path, "/etc/containerd/nested/b.toml");
}

TEST_F(ContainerdViewTest, ContainerdTwoMergesWhatIsImported) {
  const std::string runc = "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n";
  write("config.toml", "version = 3\nimports = ['conf.d/*.toml']\n" + runc + "base_runtime_spec = '/x'\n");
  write("conf.d/a.toml", "version = 3\n" + runc + "pod_annotations = ['netclsd.io/*']\n");
  EXPECT_EQ(view().generation, Generation::kTwo);
  ASSERT_EQ(view().handlers().size(), 1U);
  EXPECT_EQ(view().handlers()[0].base_runtime_spec, "/x");
  EXPECT_TRUE(view().handlers()[0].passes_our_annotations);
}

TEST_F(ContainerdViewTest, SameFilesMeanAnotherThingToAnotherContainerd) {
  write("config.toml", "version = 2\nimports = ['conf.d/*.toml']\n" + kCri +
                           "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.nvidia]\n");
  write("conf.d/a.toml", kCri);
  const auto names = [&](Generation generation) {
    std::string all;
    const auto view = read_containerd_view(host_.tree(), kMainFile, std::nullopt, generation);
    for (const RuntimeHandler& each : view->handlers()) all += each.name + " ";
    return all;
  };
  EXPECT_EQ(names(Generation::kOne), "runc ") << "the drop-in replaces the table";
  EXPECT_EQ(names(Generation::kTwo), "nvidia runc ");
}

TEST_F(ContainerdViewTest, PatternMayBeInADirectorysName) {
  write("config.toml", "version = 2\nimports = ['/etc/*/dropin?/[a-c].toml']\n");
  write("dropin1/b.toml", kCri);
  write("dropin1/d.toml", kCri);
  EXPECT_EQ(view().deciding()->path, "/etc/containerd/dropin1/b.toml");
}

TEST_F(ContainerdViewTest, RelativePatternCountsBesideTheFileAndFromTheRoot) {
  write("config.toml", "version = 2\nimports = ['conf.d/*.toml']\n");
  host_.write("conf.d/of-1.6.toml", kCri);
  write("conf.d/of-1.7.toml", "");
  EXPECT_THAT(paths(), ElementsAre(kMainFile, "/etc/containerd/conf.d/of-1.7.toml", "/conf.d/of-1.6.toml"));
}

TEST_F(ContainerdViewTest, PluginCanBeDisabledInAnyOfThem) {
  write("config.toml", "version = 2\nimports = ['a.toml']\n");
  write("a.toml", "disabled_plugins = ['io.containerd.grpc.v1.cri']\n");
  ASSERT_NE(view().disabling(), nullptr);
  EXPECT_EQ(view().disabling()->path, "/etc/containerd/a.toml");
  EXPECT_EQ(view().version, 2);
}

TEST_F(ContainerdViewTest, WhatContainerdCannotReadIsTold) {
  write("config.toml", "version = 2\nimports = ['a.toml']\n");
  EXPECT_THAT(read_containerd_view(host_.tree(), kMainFile).error().message(),
              HasSubstr("/etc/containerd/a.toml is imported and not there"));
  write("a.toml", "[x\n");
  EXPECT_THAT(read_containerd_view(host_.tree(), kMainFile).error().message(),
              HasSubstr("/etc/containerd/a.toml: line 1"));
}

TEST(ContainerdDumpTest, ThoseOfContainerdOneAndTwoAreRead) {
  EXPECT_EQ(parse_containerd_dump(""), std::nullopt);
  EXPECT_FALSE(parse_containerd_dump("version = 2\n")->has_cri);
  for (const std::string start :
       {"version = 2\n[plugins.'io.containerd.grpc.v1.cri'", "version = 3\n[plugins.'io.containerd.cri.v1.runtime'"}) {
    const auto dump = parse_containerd_dump("imports = ['/a.toml']\n" + start + ".containerd.runtimes.runc]\n" +
                                            "base_runtime_spec = '/etc/containerd/netclsd-base-spec.json'\n"
                                            "pod_annotations = ['netclsd.io/*']\n");
    ASSERT_TRUE(dump);
    EXPECT_TRUE(dump->has_cri);
    EXPECT_THAT(dump->files, testing::ElementsAre("/a.toml"));
    EXPECT_TRUE(calls_our_hook(dump->handlers.at(0)));
  }
}

TEST(ContainerdDumpTest, PluginThatIsDisabledMayHaveATable) {
  EXPECT_FALSE(parse_containerd_dump("version = 3\ndisabled_plugins = ['io.containerd.grpc.v1.cri']\n"
                                     "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n")
                   ->has_cri);
}

TEST(ContainerdVersionTest, GenerationIsThatOfTheMajorNumber) {
  EXPECT_EQ(generation_of("1.7.24"), Generation::kOne);
  EXPECT_EQ(generation_of("2.0.0"), Generation::kTwo);
  EXPECT_EQ(generation_of(std::nullopt), std::nullopt);
}

TEST(ContainerdVersionTest, VersionsAsPackagesPrintThem) {
  EXPECT_EQ(parse_containerd_version("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1"), "1.6.20");
  EXPECT_EQ(parse_containerd_version("containerd containerd.io v2.1.4 75cb2b7193e4\n"), "2.1.4");
  EXPECT_EQ(parse_containerd_version("2.0"), "2.0");
  EXPECT_EQ(parse_containerd_version("containerd"), std::nullopt);
  EXPECT_EQ(parse_containerd_version("5"), std::nullopt) << "a revision is no version";
  EXPECT_EQ(major_of("1.7.2"), 1);
  EXPECT_EQ(major_of("x.7"), std::nullopt);
}

}  // namespace
}  // namespace netclsd::cli
