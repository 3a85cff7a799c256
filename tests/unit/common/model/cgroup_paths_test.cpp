#include "common/model/cgroup_paths.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

TEST(CgroupPathsTest, ReadsV1AndUnifiedHierarchies) {
  const auto paths = CgroupPaths::parse("9:name=systemd:/init\n4:net_cls,net_prio:/a:b\n0::/t1\n");
  EXPECT_EQ(*paths.find("name=systemd"), "/init");
  EXPECT_EQ(*paths.find(""), "/t1");
  EXPECT_EQ(*paths.net_cls(), "/a:b");
}

TEST(CgroupPathsTest, WithoutTheHierarchyThereIsNoPath) {
  EXPECT_EQ(CgroupPaths::parse("0::/\n").net_cls(), nullptr);
  EXPECT_TRUE(CgroupPaths::parse("").entries.empty());
}

TEST(CgroupPathsTest, ControllersAreComparedWhole) {
  EXPECT_TRUE(has_controller("net_cls,net_prio", "net_prio"));
  EXPECT_FALSE(has_controller("net_cls,net_prio", "net"));
  EXPECT_FALSE(has_controller("", "net_cls"));
}

TEST(CgroupPathsTest, WithinMeansTheSameOrBelow) {
  EXPECT_TRUE(is_within("/a/b", "/a"));
  EXPECT_TRUE(is_within("/a", "/a"));
  EXPECT_TRUE(is_within("/a", "/"));
  EXPECT_FALSE(is_within("/ab", "/a"));
  EXPECT_FALSE(is_within("/a", "/a/b"));
}

TEST(CgroupPathsTest, PathsAboveTheNamespacesRootAreNotBelowIt) {
  EXPECT_FALSE(is_within("/../t1", "/"));
  EXPECT_TRUE(is_within("/../t1", "/.."));
  EXPECT_FALSE(is_within("/../..", "/.."));
}

TEST(CgroupPathsTest, ANameThatBeginsWithDotsIsBelowLikeAnyOther) {
  EXPECT_TRUE(is_within("/..a", "/"));
  EXPECT_TRUE(is_within("/a/..b", "/a"));
  EXPECT_EQ(relative_path("/", "/..a/b"), "..a/b");
}

TEST(CgroupPathsTest, ParentsEndAtTheRoot) {
  EXPECT_EQ(parent_path("/a/b"), "/a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("/"), std::nullopt);
}

TEST(CgroupPathsTest, TheWayDownIsRelative) {
  EXPECT_EQ(relative_path("/", "/a/b"), "a/b");
  EXPECT_EQ(relative_path("/..", "/../a/b"), "a/b");
  EXPECT_EQ(relative_path("/a", "/a"), "");
  EXPECT_EQ(relative_path("/../..", "/../a"), std::nullopt);
  EXPECT_EQ(relative_path("/a", "/b"), std::nullopt);
}

TEST(CgroupPathsTest, WhoShowsNothingButRootsMayBeHalfBorn) {
  for (const char* text : {"0::/\n", "2:net_cls:/\n0::/\n", "2:net_cls:/..\n0::/../..\n", ""}) {
    EXPECT_TRUE(may_be_half_born(CgroupPaths::parse(text))) << text;
  }
  for (const char* text : {"0::/a\n", "2:net_cls:/\n0::/../a\n", "2:net_cls:/a\n0::/\n", "0::/..a\n", "0::/../..a\n"}) {
    EXPECT_FALSE(may_be_half_born(CgroupPaths::parse(text))) << text;
  }
}

}  // namespace
}  // namespace netclsd
