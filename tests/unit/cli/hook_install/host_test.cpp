#include "cli/hook_install/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/cli/hook_install/fake_containerd.h"

namespace netclsd::cli {
namespace {

TEST(HostProcessesTest, TimeIsTheKernels) {
  const FakeContainerdHost host;
  host.boot("b1", "1234.56");
  EXPECT_EQ(current_time(host.tree()), (ChangeTime{.boot_id = "b1", .at_ticks = 123456}));
  std::filesystem::remove(host.path("proc/uptime"));
  EXPECT_EQ(current_time(host.tree()), std::nullopt) << "an image's tree has none";
  EXPECT_EQ(wall_time_of(host.tree(), {500}), std::nullopt);
  host.write("proc/stat", "cpu  1 2\nbtime 1000\nprocesses 5\n");
  EXPECT_EQ(wall_time_of(host.tree(), {500}), 1005);
}

TEST(HostProcessesTest, ThoseOfANameThatLiveAreFoundByPid) {
  const FakeContainerdHost host;
  const auto add = [&](const std::string& pid, const std::string& rest) {
    host.write("proc/" + pid + "/stat", pid + " " + rest + " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0\n");
  };
  EXPECT_THAT(find_processes(host.tree(), "crio"), testing::IsEmpty());
  add("20", "(crio) S");
  add("3", "(crio) S");
  add("4", "(crio) Z");
  add("5", "(crio2) S");
  host.write("proc/self/stat", "6 (crio) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0\n");
  std::vector<std::int32_t> pids;
  for (const ProcessStat& each : find_processes(host.tree(), "crio")) pids.push_back(each.pid.value);
  EXPECT_THAT(pids, testing::ElementsAre(3, 20));
}

TEST(CommandTest, OutputAndExitStatusComeBack) {
  const auto output = run_in_root("/", {"/bin/sh", "-c", "echo out; echo err >&2; exit 3"});
  ASSERT_TRUE(output) << output.error().message();
  EXPECT_EQ(output->exit_status, 3);
  EXPECT_EQ(output->text, "out\n");
}

TEST(CommandTest, WhatDoesNotStartOrEndIsAnError) {
  EXPECT_EQ(run_in_root("/", {"/nonexistent"}).error().message(), "/nonexistent could not be started");
  EXPECT_EQ(run_in_root("/", {"/bin/sh", "-c", "sleep 60"}, std::chrono::seconds{1}).error().message(),
            "/bin/sh did not end in time");
}

}  // namespace
}  // namespace netclsd::cli
