#include "cli/hook_install/root_tree.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

// What happens to one name in a directory, as inotify reports it.
class ChangesOf {
 public:
  ChangesOf(const std::string& directory, std::string name)
      : name_(std::move(name)), inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    EXPECT_GE(::inotify_add_watch(inotify_.get(), directory.c_str(), kWatched), 0);
  }

  [[nodiscard]] std::vector<std::uint32_t> seen() const {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    std::vector<std::uint32_t> changes;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      if (event->len > 0 && name_ == event->name) changes.push_back(event->mask);
      at += static_cast<ssize_t>(sizeof *event + event->len);
    }
    return changes;
  }

 private:
  static constexpr std::uint32_t kWatched = IN_CREATE | IN_DELETE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO;
  std::string name_;
  UniqueFd inotify_;
};

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

TEST_F(RootTreeTest, LinksLeadWhereTheyWereSwitchedTo) {
  ASSERT_TRUE(tree_.switch_link("/link", "one"));
  ASSERT_TRUE(tree_.switch_link("/link", "two"));
  EXPECT_EQ(tree_.read_link("/link")->value_or(""), "two");
  EXPECT_EQ(*tree_.read_link("/none"), std::nullopt);
}

// A name that another file took by rename was never missing. A removal would be reported, too.
TEST_F(RootTreeTest, LinksAreSwitchedAtOnce) {
  ASSERT_TRUE(tree_.switch_link("/link", "one"));
  const ChangesOf link(root_.path(), "link");
  ASSERT_TRUE(tree_.switch_link("/link", "two"));
  EXPECT_EQ(link.seen(), std::vector<std::uint32_t>{IN_MOVED_TO});
}

TEST_F(RootTreeTest, FilesAreReplacedAtOnce) {
  root_.write("file", "old");
  const ChangesOf file(root_.path(), "file");
  ASSERT_TRUE(tree_.replace_file("/file", {.content = "new", .attributes = own_attributes(0644)}));
  EXPECT_EQ(file.seen(), std::vector<std::uint32_t>{IN_MOVED_TO});
}

TEST_F(RootTreeTest, OnlyEmptyDirectoriesAreRemoved) {
  root_.write("full/file", "");
  ASSERT_TRUE(tree_.make_directory("/empty"));
  EXPECT_TRUE(tree_.remove_directory("/empty"));
  EXPECT_TRUE(tree_.remove_directory("/full"));
  EXPECT_TRUE(tree_.remove_directory("/none/at/all"));
  EXPECT_EQ(tree_.list("/"), std::vector<std::string>{"full"});
}

TEST_F(RootTreeTest, ANewDirectoryIsForEverybodyWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  const auto made = tree_.make_directory("/new");
  ::umask(before);
  ASSERT_TRUE(made);
  EXPECT_EQ(tree_.directory_facts("/new")->mode, 0755U);
  ASSERT_EQ(::chmod(root_.path("new").c_str(), 0700), 0);
  ASSERT_TRUE(tree_.make_directory("/new"));
  EXPECT_EQ(tree_.directory_facts("/new")->mode, 0700U) << "one that was there stays as it is";
  ASSERT_TRUE(tree_.open_to_everybody("/new"));
  EXPECT_EQ(tree_.directory_facts("/new")->mode, 0755U);
}

TEST_F(RootTreeTest, AMountsPlaceIsTheHighestDirectoryOfIt) {
  ASSERT_TRUE(tree_.make_directory("/a"));
  ASSERT_TRUE(tree_.make_directory("/a/b"));
  EXPECT_EQ(tree_.mount_point_of("/a/b"), "/");
  EXPECT_EQ(RootTree::open("/")->mount_point_of("/proc/self"), "/proc");
}

TEST_F(RootTreeTest, WhatIsNoFileIsNotRead) {
  ASSERT_EQ(::mkfifo(root_.path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(tree_.read("/fifo", 100).error().message(), "/fifo is not a regular file");
  EXPECT_EQ(*tree_.read("/none", 100), std::nullopt);
}

}  // namespace
}  // namespace netclsd::cli
