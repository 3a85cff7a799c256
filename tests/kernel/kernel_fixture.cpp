#include "tests/kernel/kernel_fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "agent/host/net_cls_groups.h"
#include "common/base/file.h"

namespace netclsd {
namespace {

// An emulated machine (scripts/vm.sh) is many times slower, and says how many by NETCLSD_TEST_PATIENCE.
std::chrono::seconds patience() {
  const char* factor = std::getenv("NETCLSD_TEST_PATIENCE");
  return std::chrono::seconds{10} * std::max(1, factor == nullptr ? 1 : std::atoi(factor));
}

}  // namespace

TestProcess::TestProcess(const std::function<void()>& body) : pid_(::fork()) {
  if (pid_ != 0) return;
  body();
  ::_exit(0);
}

TestProcess::~TestProcess() { kill_and_reap(); }

void TestProcess::kill_and_reap() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

TestProcess TestProcess::sleeping() {
  return TestProcess([] {
    for (;;) ::pause();
  });
}

KernelTest::KernelTest()
    : parent_("netclsd-test-" + std::to_string(::getpid())),
      mount_point_(testing::TempDir() + "/netclsd-kernel-test-" + std::to_string(::getpid())),
      procfs_(open_directory("/proc").value()) {}

void KernelTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  // What is mounted here is nobody else's business, and goes with this process.
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  const auto mount = find_or_mount_net_cls(mount_point_);
  ASSERT_TRUE(mount.has_value()) << mount.error().message();
  mount_ = *mount;
  groups_.emplace(open_directory(mount_.mount_point).value());
}

KernelTest::~KernelTest() {
  if (groups_) {
    EXPECT_TRUE(eventually([this] {
      const auto removed = groups_->remove(parent_);
      return removed && *removed == RemoveOutcome::kRemoved;
    }));
  }
  groups_.reset();
  ::umount2(mount_point_.c_str(), MNT_DETACH);
  std::filesystem::remove(mount_point_);
}

std::string KernelTest::net_cls_path_of(Pid pid) {
  const auto cgroups = procfs_.cgroups(pid);
  return cgroups && cgroups->net_cls() ? *cgroups->net_cls() : "";
}

bool KernelTest::eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return condition();
}

}  // namespace netclsd
