#include "common/proc/proc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

TEST(ProcessTest, ReadsThisProcess) {
  const auto stat = read_process_stat("/proc", Pid{::getpid()});
  ASSERT_TRUE(stat && *stat);
  EXPECT_EQ((*stat)->pid, Pid{::getpid()});
  EXPECT_EQ((*stat)->parent, Pid{::getppid()});
  EXPECT_GT((*stat)->start_time.ticks, 0U);
}

TEST(ProcessTest, ReadsThisProcessesGroups) {
  const auto paths = read_cgroup_paths("/proc", Pid{::getpid()});
  ASSERT_TRUE(paths && *paths);
  EXPECT_FALSE((*paths)->entries.empty());
}

TEST(ProcessTest, NoSuchProcessIsNoError) {
  const TemporaryDirectory proc;
  EXPECT_EQ(*read_process_stat(proc.path(), Pid{7}), std::nullopt);
  EXPECT_EQ(*read_cgroup_paths(proc.path(), Pid{7}), std::nullopt);
}

TEST(ProcessTest, UnexpectedContentIsAnErrorNamingTheFile) {
  const TemporaryDirectory proc;
  proc.write("7/stat", "rubbish");
  EXPECT_EQ(read_process_stat(proc.path(), Pid{7}).error().message(), proc.path("7/stat has unexpected content"));
}

TEST(TimeNamespaceTest, TheOffsetOfBootIsToldInTicks) {
  EXPECT_EQ(parse_boot_offset_ticks("monotonic           0         0\nboottime            0         0\n"), 0);
  EXPECT_EQ(parse_boot_offset_ticks("monotonic       86400         0\nboottime      1000000         0\n"), 100'000'000);
  EXPECT_EQ(parse_boot_offset_ticks("boottime             -5 500000000\n"), -450);
}

TEST(TimeNamespaceTest, WhatIsNoWholeNumberOfTicksOrNoOffsetIsNone) {
  for (const char* text : {"", "monotonic 5 0\n", "boottime", "boottime x 0\n", "boottime 5\n", "boottime 5 0 0\n",
                           "boottime 5 1\n", "boottime 5 5000000\n"}) {
    EXPECT_EQ(parse_boot_offset_ticks(text), std::nullopt) << text;
  }
}

TEST(TimeNamespaceTest, AStartTimeIsTheInitialNamespaces) {
  const TemporaryDirectory proc;
  EXPECT_EQ(in_initial_time(proc.path(), StartTime{100}), StartTime{100}) << "an old kernel has none";
  proc.write("self/timens_offsets", "monotonic           0         0\nboottime           10         0\n");
  EXPECT_EQ(in_initial_time(proc.path(), StartTime{1'100}), StartTime{100});
  proc.write("self/timens_offsets", "monotonic           0         0\nboottime          -10         0\n");
  EXPECT_EQ(in_initial_time(proc.path(), StartTime{100}), StartTime{1'100});
  proc.write("self/timens_offsets", "boottime           10         1\n");
  EXPECT_EQ(in_initial_time(proc.path(), StartTime{1'100}), std::nullopt);
}

std::string proc_with(const std::string& options) {
  return "22 1 254:0 / / rw - ext4 /dev/vda rw\n25 22 0:23 / /proc rw,nosuid shared:5 - proc proc rw" + options +
         "\n26 22 0:24 / /proc2 rw - proc proc rw,hidepid=invisible,gid=1\n27 25 0:9 / /proc/fs/x rw - binfmt x rw\n";
}

TEST(HidepidTest, HidesFromTheAgentWhereAnotherGroupMaySeeAll) {
  const Hidepid hidepid = find_hidepid(proc_with(",gid=4711,hidepid=invisible"));
  EXPECT_EQ(hidepid.options, "gid=4711,hidepid=invisible");
  EXPECT_TRUE(hidepid.hides_agent);
  EXPECT_TRUE(find_hidepid(proc_with(",gid=4711,hidepid=2")).hides_agent) << "as older kernels write it";
}

TEST(HidepidTest, HidesNothingFromTheGroupThatMaySeeAll) {
  EXPECT_FALSE(find_hidepid(proc_with(",hidepid=invisible")).hides_agent) << "group 0 is the default";
  EXPECT_FALSE(find_hidepid(proc_with(",gid=0,hidepid=noaccess")).hides_agent);
}

TEST(HidepidTest, FromWhoMayTraceNobodyAllIsHiddenWhateverTheGroup) {
  EXPECT_TRUE(find_hidepid(proc_with(",hidepid=ptraceable")).hides_agent);
  EXPECT_TRUE(find_hidepid(proc_with(",hidepid=4")).hides_agent);
}

TEST(HidepidTest, WithoutTheOptionNothingIsHidden) {
  for (const char* options : {"", ",gid=4711", ",subset=pid"}) {
    EXPECT_EQ(find_hidepid(proc_with(options)).options, "") << options;
    EXPECT_FALSE(find_hidepid(proc_with(options)).hides_agent) << options;
  }
  EXPECT_EQ(find_hidepid("").options, "");
  EXPECT_EQ(find_hidepid("25 22 0:23 / /proc rw - proc").options, "");
}

TEST(HidepidTest, TheMountOnTopCounts) {
  const std::string above = "30 25 0:30 / /proc rw - proc proc rw\n";
  EXPECT_EQ(find_hidepid(proc_with(",gid=4711,hidepid=invisible") + above).options, "");
}

TEST(HidepidTest, TheDescriptionNamesTheOptionsAndTheCure) {
  EXPECT_THAT(describe_hidepid({.options = "hidepid=4", .hides_agent = true}),
              testing::AllOf(testing::HasSubstr("with hidepid=4"), testing::HasSubstr("remount,hidepid=0")));
}

}  // namespace
}  // namespace netclsd
