// What tests on the real kernel need: a net_cls mount of their own in a mount namespace of their own, groups that go
// away whatever happens, and processes that they started.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "agent/host/net_cls_groups.h"
#include "agent/host/procfs.h"
#include "common/net_cls/mount.h"

namespace netclsd {

// A child of this process, killed and reaped at the end.
class TestProcess {
 public:
  explicit TestProcess(const std::function<void()>& body);
  TestProcess(TestProcess&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  TestProcess& operator=(TestProcess&&) = delete;
  ~TestProcess();

  [[nodiscard]] Pid pid() const { return Pid{pid_}; }
  void kill_and_reap();

  static TestProcess sleeping();

 private:
  int pid_ = 0;
};

class KernelTest : public testing::Test {
 protected:
  KernelTest();
  ~KernelTest() override;

  void SetUp() override;

  // Skips, with the reason, where this machine cannot run it.
  [[nodiscard]] std::string net_cls_path_of(Pid pid);
  // Repeats until true, for at most ten seconds.
  [[nodiscard]] static bool eventually(const std::function<bool()>& condition);

  std::string parent_;       // the parent group of this test alone
  std::string mount_point_;  // of net_cls
  NetClsMount mount_;
  Procfs procfs_;
  std::optional<NetClsGroups> groups_;
};

}  // namespace netclsd
