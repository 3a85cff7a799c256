#include "cli/hook_install/hooks_d.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "cli/hook_install/host.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

using Paths = std::vector<std::string>;

class HooksDirectoriesTest : public testing::Test {
 protected:
  Paths podman() const { return podman_directories(tree_)->paths; }
  Paths crio() const { return crio_directories(tree_, nullptr)->paths; }

  TemporaryDirectory root_;
  RootTree tree_ = *RootTree::open(root_.path());
};

TEST_F(HooksDirectoriesTest, WithoutConfigurationThereIsOne) {
  EXPECT_EQ(podman(), Paths{kUsrHooksD});
  EXPECT_EQ(crio(), Paths{kUsrHooksD});
  root_.write("etc/containers/containers.conf", "[containers]\n[engine]\n# hooks_dir = [\"/x\"]\n");
  root_.write("etc/crio/crio.conf", "[crio]\n[crio.runtime]\n");
  EXPECT_EQ(podman(), Paths{kUsrHooksD});
  EXPECT_EQ(crio_directories(tree_, nullptr)->set_by, "");
}

TEST_F(HooksDirectoriesTest, TheLastFileCounts) {
  root_.write("etc/crio/crio.conf.d/20-b.conf", "[crio.runtime]\nhooks_dir = [\"/b/\"]");
  root_.write("etc/crio/crio.conf.d/10-a.conf", "[crio.runtime]\nhooks_dir = [\"/a\"]");
  root_.write("etc/crio/crio.conf.d/.30-hidden", "[crio.runtime]\nhooks_dir = [\"/hidden\"]");
  EXPECT_EQ(crio(), Paths{"/b"});
  EXPECT_EQ(crio_directories(tree_, nullptr)->set_by, "/etc/crio/crio.conf.d/20-b.conf");
}

TEST_F(HooksDirectoriesTest, PodmansMayAppend) {
  root_.write("usr/share/containers/containers.conf", "[engine]\nhooks_dir = [\"/a\"]");
  root_.write("etc/containers/containers.conf", "[engine]\nhooks_dir = [\"/b\", {append=true}]");
  EXPECT_EQ(podman(), (Paths{"/a", "/b"}));
}

TEST_F(HooksDirectoriesTest, AnEmptyListMeansBothForPodmanAndNoneForCrio) {
  root_.write("etc/containers/containers.conf", "[engine]\nhooks_dir = []");
  root_.write("etc/crio/crio.conf", "[crio.runtime]\nhooks_dir = []");
  EXPECT_EQ(podman(), (Paths{kUsrHooksD, kEtcHooksD}));
  EXPECT_EQ(crio(), Paths{});
}

TEST_F(HooksDirectoriesTest, WhatIsNoListOfPathsIsAnErrorWithTheFilesName) {
  for (const char* text : {"[engine]\nhooks_dir = \"/a\"", "[engine]\nhooks_dir = [7]", "[engine", "engine = 7\n["}) {
    root_.write("etc/containers/containers.conf", text);
    const auto directories = podman_directories(tree_);
    ASSERT_FALSE(directories) << text;
    EXPECT_TRUE(directories.error().message().starts_with("/etc/containers/containers.conf"));
  }
}

TEST_F(HooksDirectoriesTest, TheRunningProgramsOptionsBeatTheFiles) {
  root_.write("etc/crio/crio.conf", "[crio.runtime]\nhooks_dir = [\"/a\"]");
  root_.write("other/crio.conf", "[crio.runtime]\nhooks_dir = [\"/other\"]");
  CrioProcess process;
  process.config = "/other/crio.conf";
  EXPECT_EQ(crio_directories(tree_, &process)->paths, Paths{"/other"});
  process.hooks_directories = {"/option"};
  EXPECT_EQ(crio_directories(tree_, &process)->paths, Paths{"/option"});
}

using Words = std::vector<std::string>;

CrioProcess of(const std::vector<std::string_view>& words) {
  CrioProcess process;
  take_command_line(process, words);
  return process;
}

TEST(CrioCommandLineTest, BothSpellingsOfAnOptionAreRead) {
  const CrioProcess process = of({"/usr/bin/crio", "--config", "/c", "--config-dir=/d", "--hooks-dir=/a,/b", ""});
  EXPECT_EQ(process.config, "/c");
  EXPECT_EQ(process.config_directory, "/d");
  EXPECT_EQ(process.hooks_directories, (Words{"/a", "/b"}));
}

TEST(CrioCommandLineTest, WithoutOptionsTheUsualFilesCount) {
  for (const CrioProcess& process : {of({}), of({"crio"}), of({"crio", "--hooks-dir"}), of({"crio", "--log=/x"})}) {
    EXPECT_EQ(process.config, "/etc/crio/crio.conf");
    EXPECT_EQ(process.config_directory, "/etc/crio/crio.conf.d");
    EXPECT_EQ(process.hooks_directories, Words{});
  }
}

// A directory that was made just now, and a CRI-O in the tree's /proc.
class CrioProcessTest : public testing::Test {
 protected:
  CrioProcess started(std::int64_t ago_s) {
    root_.write("proc/stat", "cpu  1 2\nbtime " + std::to_string(seconds_since_epoch() - 100'000) + "\n");
    const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK) * (100'000 - ago_s));
    return {.key = {.pid = Pid{7}, .start_time = StartTime{ticks}}};
  }
  void watch(std::uint64_t inode) {
    char line[80];
    std::snprintf(line, sizeof line, "pos:\t0\ninotify wd:1 ino:%llx sdev:1 mask:fc6\n",
                  static_cast<unsigned long long>(inode));
    root_.write("proc/7/fdinfo/5", line);
  }
  bool is_watched(const CrioProcess& process) { return is_watching(tree_, process, "/hooks.d"); }

  TemporaryDirectory root_;
  RootTree tree_ = *RootTree::open(root_.path());
  bool made_ = std::filesystem::create_directory(root_.path("hooks.d"));
};

TEST_F(CrioProcessTest, ThatStartedAfterTheDirectoryWasMadeWatchesIt) {
  watch(1);
  EXPECT_TRUE(is_watched(started(-60)));
}

TEST_F(CrioProcessTest, ThatIsOlderDoesNotUnlessTheKernelSaysSo) {
  watch(1);
  EXPECT_FALSE(is_watched(started(3600)));
  watch(tree_.directory_facts("/hooks.d")->inode);
  EXPECT_TRUE(is_watched(started(3600)));
}

TEST_F(CrioProcessTest, WhatIsNotThereIsNotWatched) { EXPECT_FALSE(is_watching(tree_, started(-60), "/none")); }

TEST_F(CrioProcessTest, OnlyACrioOfThisTreeCounts) {
  std::filesystem::create_directory(root_.path("etc"));
  root_.write("proc/7/stat", "7 (crio) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 9 0 55 0 0 0\n");
  root_.write("proc/8/stat", "8 (crio-conmonrs) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 9 0 55 0 0 0\n");
  EXPECT_TRUE(find_crio(tree_).empty()) << "another root, or none";
  std::filesystem::create_directory_symlink(root_.path(), root_.path("proc/7/root"));
  std::filesystem::create_directory_symlink(root_.path(), root_.path("proc/8/root"));
  ASSERT_EQ(find_crio(tree_).size(), 1U);
  EXPECT_EQ(find_crio(tree_)[0].key, (ProcessKey{.pid = Pid{7}, .start_time = StartTime{55}}));
}

}  // namespace
}  // namespace netclsd::cli
