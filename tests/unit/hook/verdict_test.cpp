#include "hook/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::hook {
namespace {

HookOptions deny() {
  HookOptions options;
  options.on_failure = OnFailure::kDeny;
  options.deny_exempt_namespaces = {"kube-system"};
  return options;
}

const Subject kContainer{.container = "ab12", .pod_namespace = "shop", .is_release = false};

TEST(VerdictTest, AllowLetsTheContainerStart) {
  EXPECT_EQ(failed({}, kContainer, "agent is away"),
            (Outcome{0, "netclsd-hook: container ab12: agent is away; the container starts"}));
}

TEST(VerdictTest, DenyRefusesTheContainer) {
  EXPECT_EQ(failed(deny(), kContainer, "agent is away"),
            (Outcome{1, "netclsd-hook: container ab12: agent is away; the container is refused"}));
}

TEST(VerdictTest, ExemptNamespacesAlwaysStart) {
  EXPECT_EQ(failed(deny(), {"ab12", "kube-system", false}, "x").exit_status, 0);
  EXPECT_EQ(failed(deny(), {"ab12", "kube", false}, "x").exit_status, 1);
  EXPECT_EQ(failed(deny(), {"ab12", "", false}, "x").exit_status, 1);
}

TEST(VerdictTest, ExemptNamespacesArePatternsAsInThePolicy) {
  HookOptions options = deny();
  options.deny_exempt_namespaces = {"openshift-*", "node?"};
  EXPECT_EQ(failed(options, {"ab12", "openshift-dns", false}, "x").exit_status, 0);
  EXPECT_EQ(failed(options, {"ab12", "node1", false}, "x").exit_status, 0);
  EXPECT_EQ(failed(options, {"ab12", "openshift", false}, "x").exit_status, 1);
  EXPECT_EQ(failed(options, {"ab12", "my-openshift-dns", false}, "x").exit_status, 1);
  options.deny_exempt_namespaces = {"*"};
  EXPECT_EQ(failed(options, {"ab12", "", false}, "x").exit_status, 1) << "a container of no pod is in no namespace";
}

TEST(VerdictTest, PoststopNeverFails) { EXPECT_EQ(failed(deny(), {"ab12", "shop", true}, "x").exit_status, 0); }

TEST(VerdictTest, WhatTheFilterRefusedIsExplained) {
  EXPECT_EQ(failed({}, {}, "connect /s: Function not implemented").line,
            "netclsd-hook: connect /s: Function not implemented (refused by the hook's seccomp filter, see --seccomp); "
            "the container starts");
}

TEST(VerdictTest, AnUnknownContainerIsNotNamed) {
  EXPECT_EQ(failed({}, {}, "x").line, "netclsd-hook: x; the container starts");
}

TEST(VerdictTest, WhateverATenantWritesTheLineIsOneAndShort) {
  const std::string line = failed({}, kContainer, "a\nb\x1b[31m" + std::string(5000, 'x')).line;
  EXPECT_EQ(line.find_first_of("\n\x1b"), std::string::npos);
  EXPECT_LT(line.size(), 1200U);
}

TEST(ReportTest, FailuresGoToStderrAndWithATimeToTheLogFile) {
  const TemporaryDirectory directory;
  testing::internal::CaptureStderr();
  report({.exit_status = 1, .line = "first"}, directory.path("log"));
  report({.exit_status = 1, .line = "second"}, directory.path("log"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "first\nsecond\n");
  EXPECT_THAT(directory.read("log"), testing::MatchesRegex("[-0-9T:.]+Z first\n[-0-9T:.]+Z second\n"));
}

TEST(ReportTest, SuccessIsSilent) {
  const TemporaryDirectory directory;
  testing::internal::CaptureStderr();
  report({}, directory.path("log"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_FALSE(directory.has("log"));
}

TEST(ReportTest, ALogFileThatIsAFifoOrOutOfReachHoldsNothingUp) {
  const TemporaryDirectory directory;
  ASSERT_EQ(::mkfifo(directory.path("fifo").c_str(), 0600), 0);
  testing::internal::CaptureStderr();
  report({.exit_status = 1, .line = "a"}, directory.path("fifo"));
  report({.exit_status = 1, .line = "b"}, directory.path("none/log"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "a\nb\n");
}

}  // namespace
}  // namespace netclsd::hook
