#include "cli/doctor_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netclsd::cli {
namespace {

using ::testing::HasSubstr;

TEST(DoctorChecksTest, KernelsThatBreakCgroup2MatchingAreWarnedAbout) {
  for (const char* release : {"6.1.0-18-amd64", "5.15.0", "5.15", "5.10.226", "5.10.230-cloud", "6.18.44-fc-v657"}) {
    EXPECT_EQ(check_kernel(release).verdict, Verdict::kOk) << release;
  }
  for (const char* release : {"5.10.0-28-amd64", "5.10.225", "5.14.21-default", "5.11.300", "4.19.0", "", "unknown"}) {
    EXPECT_EQ(check_kernel(release).verdict, Verdict::kWarn) << release;
  }
}

TEST(DoctorChecksTest, TheProcessConnectorMustBeListed) {
  EXPECT_EQ(check_connector("Name            ID\ncn_proc         1:1\n").verdict, Verdict::kOk);
  EXPECT_EQ(check_connector("Name            ID\ncn_proc_other   1:1\n").verdict, Verdict::kFail);
  EXPECT_EQ(check_connector("").verdict, Verdict::kFail);
}

TEST(DoctorChecksTest, TheControllerMustBeEnabled) {
  constexpr const char* kHeader = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n";
  EXPECT_EQ(check_controller(std::string(kHeader) + "net_cls\t0\t1\t1\n").verdict, Verdict::kOk);
  EXPECT_EQ(check_controller(std::string(kHeader) + "net_cls\t0\t1\t0\n").verdict, Verdict::kFail);
  EXPECT_EQ(check_controller(kHeader).verdict, Verdict::kFail);
}

TEST(DoctorChecksTest, AMountBelowSysFsCgroupIsWarnedAbout) {
  EXPECT_EQ(check_mount("").verdict, Verdict::kOk);
  EXPECT_EQ(check_mount("1 2 0:4 / /run/netclsd/net_cls rw - cgroup cgroup rw,net_cls\n").text,
            "at /run/netclsd/net_cls");
  EXPECT_EQ(check_mount("1 2 0:4 / /sys/fs/cgroup/net_cls rw - cgroup cgroup rw,net_cls\n").verdict, Verdict::kWarn);
}

TEST(DoctorChecksTest, WaitingRegistrationsAreWarnedAbout) {
  EXPECT_EQ(check_spool(0).verdict, Verdict::kOk);
  EXPECT_EQ(check_spool(3).verdict, Verdict::kWarn);
  EXPECT_EQ(check_spool(failure(ErrorCode::kSystem, "open: Permission denied")).verdict, Verdict::kWarn);
}

TEST(DoctorChecksTest, TheAgentMustAnswerAndShouldBeReady) {
  EXPECT_EQ(check_agent(failure(ErrorCode::kUnavailable, "away")).verdict, Verdict::kFail);
  EXPECT_EQ(check_agent("<html>").verdict, Verdict::kFail);
  EXPECT_EQ(check_agent(R"({"ready":true,"version":"0.1.0"})").text, "ready, version 0.1.0");
  const Check waiting = check_agent(R"({"ready":false,"not_ready_because":["first sweep runs"]})");
  EXPECT_EQ(waiting.verdict, Verdict::kWarn);
  EXPECT_THAT(waiting.text, HasSubstr("first sweep runs"));
}

TEST(DoctorChecksTest, RootIsAsked) {
  EXPECT_EQ(check_root(true).verdict, Verdict::kOk);
  EXPECT_EQ(check_root(false).verdict, Verdict::kWarn);
}

TEST(DoctorChecksTest, HooksInstallation) {
  EXPECT_EQ(check_hook(HookStatus{}).verdict, Verdict::kOk);
  EXPECT_EQ(check_hook(HookStatus{.directory = "/opt/x", .version = "1"}).text, "version 1 in /opt/x");
  const Check broken = check_hook(HookStatus{.directory = "/opt/x", .version = "1", .problems = {"link is missing"}});
  EXPECT_EQ(broken.verdict, Verdict::kWarn);
  EXPECT_EQ(broken.text, "link is missing; see netclsctl hook status");
  EXPECT_EQ(check_hook(failure(ErrorCode::kInvalid, "manifest.json is not JSON")).verdict, Verdict::kWarn);
}

}  // namespace
}  // namespace netclsd::cli
