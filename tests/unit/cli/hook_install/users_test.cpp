#include "cli/hook_install/users.h"

#include <gtest/gtest.h>

#include "cli/hook_install/command.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

class UsersTest : public testing::Test {
 protected:
  void boot(const std::string& id, const std::string& uptime) const {
    root_.write("proc/sys/kernel/random/boot_id", id + "\n");
    root_.write("proc/uptime", uptime + " 1.00\n");
  }
  void process(const std::string& pid, const std::string& name, const std::string& start,
               const std::string& command_line) const {
    root_.write("proc/" + pid + "/stat",
                pid + " (" + name + ") S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 9 0 " + start + " 0 0 0\n");
    root_.write("proc/" + pid + "/cmdline", command_line);
    std::filesystem::create_directories(root_.path("etc/containerd"));
    std::filesystem::create_directory_symlink(root_.path(), root_.path("proc/" + pid + "/root"));
  }

  TemporaryDirectory root_;
  RootTree tree_ = *RootTree::open(root_.path());
};

TEST_F(UsersTest, BundlesAreFoundWhereverRuntimesKeepThem) {
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/x"), std::nullopt);
  const std::string bundle = "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/c1/";
  root_.write(bundle.substr(1) + "config.json", R"({"hooks":{"poststop":[{"path":"/opt/x"}]}})");
  root_.write(bundle.substr(1) + "init.pid", "7");
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/x"), bundle + "config.json");
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/y"), std::nullopt);
}

TEST_F(UsersTest, PrestartIsNotCalledAnyMoreInACreatedContainer) {
  const std::string bundle = "run/containerd/io.containerd.runtime.v2.task/k8s.io/c1/";
  root_.write(bundle + "config.json", R"({"hooks":{"prestart":[{"path":"/opt/x"}],"poststop":[{"path":"/y"}]}})");
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/x"), "/" + bundle + "config.json");
  root_.write(bundle + "init.pid", "7");
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/x"), std::nullopt);
  root_.write(bundle + "config.json", "/opt/x, and no JSON");
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/x"), "/" + bundle + "config.json");
}

TEST_F(UsersTest, TimeIsTheKernels) {
  EXPECT_EQ(current_time(tree_), std::nullopt) << "an image's tree has none";
  boot("b1", "1234.56");
  EXPECT_EQ(current_time(tree_), (ChangeTime{.boot_id = "b1", .at_ticks = 123456}));
}

TEST_F(UsersTest, OnlyAnOlderContainerdWithOurConfigurationCounts) {
  boot("b1", "100.00");
  const ChangeTime changed{.boot_id = "b1", .at_ticks = 5000};
  process("10", "containerd", "5001", "containerd");
  process("11", "containerd-shim", "1", "containerd-shim");
  process("12", "containerd", "1", std::string("containerd\0-c\0/other.toml\0", 26));
  EXPECT_FALSE(has_older_containerd(tree_, changed));
  process("13", "containerd", "5000", std::string("containerd\0--config\0/etc/containerd/config.toml\0", 48));
  EXPECT_TRUE(has_older_containerd(tree_, changed));
  EXPECT_FALSE(has_older_containerd(tree_, {.boot_id = "b0", .at_ticks = 5000})) << "rebooted since";
  std::filesystem::remove(root_.path("proc/13/root"));
  std::filesystem::create_directories(root_.path("proc/13/root/etc/containerd"));
  EXPECT_FALSE(has_older_containerd(tree_, changed)) << "it sees another /etc";
}

TEST(CommandTest, OutputAndExitStatusComeBack) {
  const auto output = run_in_root("/", {"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}, std::chrono::seconds{10});
  ASSERT_TRUE(output) << output.error().message();
  EXPECT_EQ(output->exit_status, 3);
  EXPECT_EQ(output->text, "out\n");
}

TEST(CommandTest, WhatDoesNotStartOrEndIsAnError) {
  EXPECT_EQ(run_in_root("/", {"/nonexistent"}, std::chrono::seconds{10}).error().message(),
            "/nonexistent could not be started");
  EXPECT_EQ(run_in_root("/", {"/bin/sh", "-c", "sleep 60"}, std::chrono::seconds{1}).error().message(),
            "/bin/sh did not end in time");
}

}  // namespace
}  // namespace netclsd::cli
