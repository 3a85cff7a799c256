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

TEST(MountTest, ControllersThatShareTheHierarchyAreNamed) {
  struct Case {
    const char* options;
    std::vector<std::string> others;
  };
  for (const auto& [options, others] : std::vector<Case>{
           {"rw,net_cls", {}},
           {"rw,net_cls,net_prio", {}},
           {"rw,seclabel,net_cls,noprefix,xattr,cpuset_v2_mode,favordynmods,release_agent=/a,clone_children,name=b",
            {}},
           {"rw,context=\"system_u:object_r:cgroup_t:s0:c1,c2\",net_cls", {}},
           {"rw,sync,dirsync,mand,lazytime,net_cls", {}},
           {"rw,cpu,cpuacct,net_cls,net_prio", {"cpu", "cpuacct"}},
           {"rw,memory,net_cls,xattr", {"memory"}},
           {"rw,net_cls,perf_event,name=b", {"perf_event"}},
           {"rw,net_cls,a_vendors", {"a_vendors"}},
           {"cpu,net_cls", {"cpu"}},  // as in /proc/PID/cgroup
       }) {
    EXPECT_EQ(other_controllers(options), others) << options;
  }
}

TEST(MountTest, AProcessMustNotLeaveItsLimitsBehind) {
  EXPECT_TRUE(expect_no_others(*find_net_cls_mount(kNetCls)).has_value());
  EXPECT_TRUE(expect_no_others(*find_net_cls_mount(kBoth)).has_value());
  const auto shared =
      find_net_cls_mount("36 31 0:3 / /sys/fs/cgroup/cpu,net_cls rw - cgroup cgroup rw,cpu,memory,net_cls\n");
  const auto alone = expect_no_others(*shared);
  ASSERT_FALSE(alone.has_value());
  EXPECT_EQ(alone.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(alone.error().message(),
            "net_cls is mounted together with cpu and memory at /sys/fs/cgroup/cpu,net_cls: a process that is moved "
            "into a class would leave its cpu and memory group and lose the limits set there; mount net_cls by itself, "
            "or with net_prio only");
}

TEST(MountTest, NamesAreListedInWords) {
  EXPECT_EQ(in_words({}), "");
  EXPECT_EQ(in_words({"a"}), "a");
  EXPECT_EQ(in_words({"a", "b", "c"}), "a, b and c");
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

TEST(MountTest, TheControllerIsInProcCgroups) {
  const std::string header = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n";
  const auto found = find_net_cls_controller(header + "net_cls_x\t1\t9\t0\nnet_cls\t4\t7\t1\n");
  EXPECT_EQ(found->groups, 7U);
  EXPECT_TRUE(found->is_enabled);
  EXPECT_FALSE(find_net_cls_controller(header + "net_cls\t0\t1\t0\n")->is_enabled);
  for (const std::string text : {"", "net_cls\n", "net_cls\t1\t2\n"})
    EXPECT_FALSE(find_net_cls_controller(text)) << text;
}

}  // namespace
}  // namespace netclsd
