#include "cli/hook_install/root_tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

class RootTreeTest : public testing::Test {
 protected:
  TemporaryDirectory root_;
  RootTree tree_ = *RootTree::open(root_.path());
};

TEST_F(RootTreeTest, LinksAreResolvedAsIfTheRootWereTheHosts) {
  root_.write("data/file", "inside");
  std::filesystem::create_symlink("/data", root_.path("absolute"));
  std::filesystem::create_symlink("../../../../data", root_.path("relative"));
  EXPECT_EQ(tree_.read("/absolute/file", 100)->value().content, "inside");
  EXPECT_EQ(tree_.read("/relative/file", 100)->value().content, "inside");
  EXPECT_FALSE(tree_.exists("/etc/passwd"));
}

TEST_F(RootTreeTest, ReplacingKeepsNoTemporaryFileAndSetsTheMode) {
  root_.write("file", "old");
  ASSERT_TRUE(tree_.replace_file("/file", {.content = "new", .attributes = own_attributes(0604)}));
  EXPECT_EQ(root_.read("file"), "new");
  EXPECT_EQ(tree_.read("/file", 100)->value().attributes.mode, 0604U);
  EXPECT_EQ(tree_.list("/"), std::vector<std::string>{"file"});
}

TEST_F(RootTreeTest, WhatAKilledInstallerLeftIsNoObstacle) {
  root_.write(".file.netclsd-tmp", "half");
  ASSERT_TRUE(tree_.replace_file("/file", {.content = "new", .attributes = own_attributes(0644)}));
  EXPECT_EQ(tree_.list("/"), std::vector<std::string>{"file"});
}

TEST_F(RootTreeTest, RealPathFollowsLinksAtTheEnd) {
  root_.write("d/real", "");
  std::filesystem::create_symlink("/d/second", root_.path("first"));
  std::filesystem::create_symlink("real", root_.path("d/second"));
  std::filesystem::create_symlink("loop", root_.path("loop"));
  EXPECT_EQ(tree_.real_path("/first").value_or(""), "/d/real");
  EXPECT_EQ(tree_.real_path("/none").value_or(""), "/none");
  EXPECT_FALSE(tree_.real_path("/loop"));
}

TEST_F(RootTreeTest, LinksAreSwitchedAtOnce) {
  ASSERT_TRUE(tree_.switch_link("/link", "one"));
  ASSERT_TRUE(tree_.switch_link("/link", "two"));
  EXPECT_EQ(tree_.read_link("/link")->value_or(""), "two");
  EXPECT_EQ(*tree_.read_link("/none"), std::nullopt);
}

TEST_F(RootTreeTest, OnlyEmptyDirectoriesAreRemoved) {
  root_.write("full/file", "");
  ASSERT_TRUE(tree_.make_directory("/empty"));
  EXPECT_TRUE(tree_.remove_directory("/empty"));
  EXPECT_TRUE(tree_.remove_directory("/full"));
  EXPECT_TRUE(tree_.remove_directory("/none/at/all"));
  EXPECT_EQ(tree_.list("/"), std::vector<std::string>{"full"});
}

TEST_F(RootTreeTest, WhatIsNoFileIsNotRead) {
  ASSERT_EQ(::mkfifo(root_.path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(tree_.read("/fifo", 100).error().message(), "/fifo is not a regular file");
  EXPECT_EQ(*tree_.read("/none", 100), std::nullopt);
}

}  // namespace
}  // namespace netclsd::cli
