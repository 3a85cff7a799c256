#include "agent/sources/hook_report.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "agent/host/procfs.h"
#include "common/base/file.h"
#include "tests/unit/common/fault_in_test.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

class HookReportFileTest : public testing::Test {
 protected:
  // As netclsctl does: under another name, then renamed.
  void write(const std::string& text) const {
    directory_.write("new", text);
    std::filesystem::permissions(directory_.path("new"), std::filesystem::perms(0600));
    std::filesystem::rename(directory_.path("new"), directory_.path(kHookReportName));
  }

  static std::string degraded(const ProcessKey& process) {
    return R"({"version": 1, "state": "degraded", "message": "restart it", "runtimes": [
        {"runtime": "crio", "state": "restart_needed", "not_read_by": {"pid": )" +
           to_string(process.pid) + R"(, "start_time": )" + std::to_string(process.start_time.ticks) + "}}]}";
  }

  ProcessKey self() {
    const Pid pid{::getpid()};
    return {pid, procfs_.start_time(pid).value()};
  }

  TemporaryDirectory directory_;
  Procfs procfs_{open_directory("/proc").value()};
  Counters counters_;
  UniqueFd opened_ = open_directory(directory_.path()).value();
  HookReportFile file_{opened_, procfs_, counters_};
};

TEST_F(HookReportFileTest, NoFileIsNoReport) {
  EXPECT_FALSE(file_.look());
  EXPECT_FALSE(file_.now().has_value());
}

TEST_F(HookReportFileTest, AReportIsNewsOnceUntilItIsReplaced) {
  write(R"({"version": 1, "state": "ok", "message": "all call it"})");
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->message, "all call it");
  EXPECT_EQ(counters_.hook_state[HookState::kOk].value(), 1U);
  EXPECT_FALSE(file_.look());
  write(R"({"version": 1, "state": "failed", "message": "read-only"})");
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, HookState::kFailed);
  std::filesystem::remove(directory_.path(kHookReportName));
  EXPECT_TRUE(file_.look());
  EXPECT_FALSE(file_.now().has_value());
  EXPECT_EQ(counters_.hook_state[HookState::kFailed].value(), 0U);
}

// The file does not change then.
TEST_F(HookReportFileTest, ARestartOfTheRuntimeIsNoticed) {
  write(degraded(self()));
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, HookState::kDegraded);
  EXPECT_EQ(counters_.hook_installed[HookRuntime::kCrio].value(), 0U);
  write(degraded({self().pid, StartTime{self().start_time.ticks - 1}}));  // the number is another process's by now
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, HookState::kOk);
  EXPECT_EQ(counters_.hook_installed[HookRuntime::kCrio].value(), 1U);
  EXPECT_FALSE(file_.look());
}

// Status and doctor show all of it, not state and message alone.
TEST_F(HookReportFileTest, WhateverIsAnotherIsNews) {
  const auto report = [](const std::string& crio, const std::string& written_at) {
    return R"({"version": 1, "state": "degraded", "message": "m", "written_at": ")" + written_at +
           R"(", "runtimes": [{"runtime": "podman", "state": "missing"}, {"runtime": "crio", "state": ")" + crio +
           "\"}]}";
  };
  write(report("missing", "1"));
  EXPECT_TRUE(file_.look());
  write(report("ok", "1"));
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->runtimes.at(1).state, RuntimeState::kOk);
  write(report("ok", "2"));
  EXPECT_TRUE(file_.look());
  EXPECT_FALSE(file_.look());
}

TEST_F(HookReportFileTest, WhatIsNotToBeUnderstoodIsSaid) {
  write("{\"version\": 1");
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, HookState::kUnreadable);
  EXPECT_TRUE(file_.now()->message.starts_with("hook.json: the report is not JSON")) << file_.now()->message;
  EXPECT_EQ(counters_.hook_state[HookState::kUnreadable].value(), 1U);
  write(std::string(WatchedFile::kMax_bytes + 1, ' '));
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, HookState::kUnreadable);
}

TEST_F(HookReportFileTest, WhatOthersMayWriteIsNotBelieved) {
  write(R"({"version": 1, "state": "ok"})");
  std::filesystem::permissions(directory_.path(kHookReportName), std::filesystem::perms(0666));
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, HookState::kUnreadable);
  std::filesystem::remove(directory_.path(kHookReportName));
  std::filesystem::create_symlink("elsewhere", directory_.path(kHookReportName));
  EXPECT_TRUE(file_.look());
  EXPECT_NE(file_.now()->message.find("not a regular file"), std::string::npos);
}

TEST_F(HookReportFileTest, WhatCannotBeReadForNowIsReadLater) {
  write(R"({"version": 1, "state": "ok"})");
  {
    const FaultInTest fault(FaultPoint::kFileRead, EMFILE);
    EXPECT_TRUE(file_.look());
    EXPECT_EQ(file_.now()->state, HookState::kUnreadable);
  }
  EXPECT_TRUE(file_.look());
  EXPECT_EQ(file_.now()->state, HookState::kOk);
}

}  // namespace
}  // namespace netclsd
