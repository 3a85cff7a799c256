#include "cli/hook_install/report.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

const std::chrono::system_clock::time_point kNow{std::chrono::seconds{1'700'000'000}};

TEST(AgentReportTest, ItsTextIsWhatTheAgentReads) {
  const AgentReport report{
      .state = AgentReport::State::kDegraded,
      .message = "two\nlines",
      .runtimes = {{.runtime = "cri-o",
                    .state = RuntimeState::State::kRestartNeeded,
                    .message = "restart it",
                    .not_read_by = ProcessKey{.pid = Pid{7}, .start_time = StartTime{9}}},
                   {.runtime = "podman", .state = RuntimeState::State::kMissing, .message = "m", .not_read_by = {}}}};
  EXPECT_EQ(to_json(report, kNow),
            R"({"version":1,"written_at":"2023-11-14T22:13:20.000Z","state":"degraded","message":"two lines",)"
            R"("runtimes":[{"runtime":"crio","state":"restart_needed","message":"restart it",)"
            R"("not_read_by":{"pid":7,"start_time":9}},{"runtime":"podman","state":"missing","message":"m"}]})"
            "\n");
}

TEST(AgentReportTest, ALongMessageIsCut) {
  const std::string text = to_json({.state = AgentReport::State::kFailed, .message = std::string(100'000, 'x')}, kNow);
  EXPECT_LT(text.size(), 3000U);
}

TEST(AgentReportTest, IsForRootAloneAndOnlyWhereTheAgentsDirectoryIs) {
  const TemporaryDirectory root;
  const RootTree tree = *RootTree::open(root.path());
  EXPECT_TRUE(write_agent_report(tree, "/run/netclsd", "x"));
  EXPECT_FALSE(tree.exists("/run"));
  std::filesystem::create_directories(root.path("run/netclsd"));
  EXPECT_TRUE(write_agent_report(tree, "/run/netclsd", "x"));
  EXPECT_EQ(tree.read("/run/netclsd/hook.json", 10)->value().attributes.mode, 0600U);
}

TEST(AgentReportTest, IsNotWrittenWhereOthersMayWrite) {
  const TemporaryDirectory root;
  const RootTree tree = *RootTree::open(root.path());
  std::filesystem::create_directories(root.path("run/netclsd"));
  ASSERT_EQ(::chmod(root.path("run/netclsd").c_str(), 0777), 0);
  EXPECT_EQ(write_agent_report(tree, "/run/netclsd", "x").error().code(), ErrorCode::kForbidden);
  EXPECT_FALSE(tree.exists("/run/netclsd/hook.json"));
}

}  // namespace
}  // namespace netclsd::cli
