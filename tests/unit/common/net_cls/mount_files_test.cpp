#include "common/net_cls/mount_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

TEST(MountSettingsTest, AreReadBackAsTheyWereWritten) {
  const TemporaryDirectory run;
  EXPECT_EQ(*read_mount_settings(run.path("net_cls")), (MountSettings{"netclsd", false}));
  ASSERT_TRUE(write_mount_settings(run.path("net_cls"), {"other", true}));
  EXPECT_EQ(*read_mount_settings(run.path("net_cls")), (MountSettings{"other", true}));
  EXPECT_EQ(*read_mount_settings(run.path("nowhere/net_cls")), default_mount_settings());
}

TEST(MountSettingsTest, WhatIsWrongInThemIsAnError) {
  const TemporaryDirectory run;
  for (const char* text : {"", "{}", R"({"parent":"a/b","keeps_mounted":0})", R"({"parent":"..","keeps_mounted":0})",
                           R"({"parent":"","keeps_mounted":0})", R"({"parent":"p","keeps_mounted":2})"}) {
    run.write("net_cls.json", text);
    ::chmod(run.path("net_cls.json").c_str(), 0600);
    EXPECT_FALSE(read_mount_settings(run.path("net_cls"))) << text;
  }
}

TEST(MountSettingsTest, WhatOthersMayWriteIsNotBelieved) {
  const TemporaryDirectory run;
  run.write("net_cls.json", R"({"parent":"p","keeps_mounted":0})");
  ::chmod(run.path("net_cls.json").c_str(), 0666);
  EXPECT_FALSE(read_mount_settings(run.path("net_cls")));
}

class MountUsersTest : public testing::Test {
 protected:
  MountUsersTest() { add_process(7, 'S', 100); }

  void add_process(int pid, char state, int start_time) const {
    tree_.write("proc/" + std::to_string(pid) + "/stat", std::to_string(pid) + " (sh) " + state +
                                                             " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " +
                                                             std::to_string(start_time) + " 0 0\n");
  }
  [[nodiscard]] bool has_with(const std::string& text) const {
    tree_.write("containers/c1.json", text);
    ::chmod(tree_.path("containers/c1.json").c_str(), 0600);
    return has_live_container(tree_.path("containers"), tree_.path("proc"));
  }

  TemporaryDirectory tree_;
};

TEST_F(MountUsersTest, AnInitThatLivesIsOne) {
  EXPECT_TRUE(has_with(R"({"pid":7,"start_time":100})"));
  EXPECT_TRUE(has_with(R"({"pid":7})")) << "whose start time could not be told";
}

TEST_F(MountUsersTest, AnInitThatHasEndedIsNone) {
  EXPECT_FALSE(has_with(R"({"pid":8,"start_time":100})"));
  EXPECT_FALSE(has_with(R"({"pid":7,"start_time":101})")) << "another process's number by now";
  add_process(9, 'Z', 100);
  EXPECT_FALSE(has_with(R"({"pid":9,"start_time":100})"));
}

TEST_F(MountUsersTest, WhatCannotBeToldIsTakenForOne) {
  EXPECT_TRUE(has_with("{}"));
  EXPECT_TRUE(has_with("nojson"));
  ::chmod(tree_.path("containers/c1.json").c_str(), 0666);
  EXPECT_TRUE(has_live_container(tree_.path("containers"), tree_.path("proc")));
}

TEST_F(MountUsersTest, OtherFilesAreNone) {
  tree_.write("containers/.c1.json.tmp", R"({"pid":7})");
  tree_.write("containers/c1.json.unreadable", "nojson");
  EXPECT_FALSE(has_live_container(tree_.path("containers"), tree_.path("proc")));
  EXPECT_FALSE(has_live_container(tree_.path("nowhere"), tree_.path("proc")));
}

}  // namespace
}  // namespace netclsd
