#include "common/net_cls/mount.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

constexpr const char* kMemory = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";
constexpr const char* kUnified = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
constexpr const char* kNetCls = "50 31 0:40 / /run/netclsd/net_cls rw,nosuid shared:7 - cgroup cgroup rw,net_cls\n";
constexpr const char* kBoth = "51 31 0:40 /.. /mnt/a\\040b rw - cgroup cgroup rw,net_cls,net_prio\n";

TEST(MountTest, FindsTheHierarchyAmongOthers) {
  EXPECT_EQ(find_net_cls_mount(std::string(kMemory) + kUnified + kNetCls),
            (NetClsMount{.mount_point = "/run/netclsd/net_cls", .root = "/"}));
}

TEST(MountTest, SharedHierarchyAndEscapedPathsAreUnderstood) {
  EXPECT_EQ(find_net_cls_mount(kBoth), (NetClsMount{.mount_point = "/mnt/a b", .root = "/.."}));
}

TEST(MountTest, AMountPointSelects) {
  EXPECT_EQ(find_net_cls_mount(std::string(kNetCls) + kBoth, "/mnt/a b")->root, "/..");
  EXPECT_EQ(find_net_cls_mount(kNetCls, "/elsewhere"), std::nullopt);
}

TEST(MountTest, ReadOnlyMountsAndOtherFileSystemsDoNotCount) {
  EXPECT_EQ(find_net_cls_mount("50 31 0:40 / /a ro - cgroup cgroup rw,net_cls\n"), std::nullopt);
  EXPECT_EQ(find_net_cls_mount("50 31 0:40 / /a rw - tmpfs net_cls rw,net_cls\n"), std::nullopt);
  EXPECT_EQ(find_net_cls_mount(std::string(kMemory) + kUnified), std::nullopt);
}

TEST(MountTest, TellsAllHierarchies) {
  const auto mounts = find_cgroup_mounts(std::string(kMemory) + kUnified + kBoth);
  ASSERT_EQ(mounts.size(), 3U);
  EXPECT_TRUE(is_hierarchy(mounts[0], "memory"));
  EXPECT_FALSE(is_hierarchy(mounts[0], ""));
  EXPECT_TRUE(is_hierarchy(mounts[1], ""));
  EXPECT_FALSE(is_hierarchy(mounts[1], "memory"));
  EXPECT_TRUE(is_hierarchy(mounts[2], "net_cls,net_prio"));
  EXPECT_EQ(mounts[2].root, "/..");
}

TEST(MountTest, BrokenLinesAreSkipped) {
  for (const char* text : {"", "\n\n", "- - - - - - - - - -", "50 31 0:40 / /a rw - cgroup", "a b c d e f g h i -"}) {
    EXPECT_EQ(find_net_cls_mount(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace netclsd
