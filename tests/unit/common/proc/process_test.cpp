#include "common/proc/process.h"

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

}  // namespace
}  // namespace netclsd
