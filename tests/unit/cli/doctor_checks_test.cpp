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
  const Check none = check_connector("");
  EXPECT_EQ(none.verdict, Verdict::kFail);
  EXPECT_THAT(none.text, HasSubstr("CONFIG_CONNECTOR=y"));
  EXPECT_THAT(none.text, HasSubstr("CONFIG_PROC_EVENTS=y"));
}

TEST(DoctorChecksTest, TheControllerMustBeThereAndMountable) {
  constexpr const char* kEnabled = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nnet_cls\t0\t1\t1\n";
  EXPECT_EQ(check_controller(kEnabled, "quiet").verdict, Verdict::kOk);
  EXPECT_EQ(check_controller("", "quiet").verdict, Verdict::kFail);
  const Check forbidden = check_controller(kEnabled, "quiet cgroup_no_v1=all");
  EXPECT_EQ(forbidden.verdict, Verdict::kFail);
  EXPECT_THAT(forbidden.text, HasSubstr("cgroup_no_v1=all"));
}

TEST(DoctorChecksTest, FavordynmodsIsWarnedAbout) {
  HostFacts facts;
  facts.kernel_release = "7.2.13";
  EXPECT_EQ(check_favordynmods(facts).verdict, Verdict::kOk);
  facts.hosts_mountinfo = "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,favordynmods\n";
  EXPECT_EQ(check_favordynmods(facts).verdict, Verdict::kWarn);
  EXPECT_THAT(check_favordynmods(facts).text, HasSubstr("/sys/fs/cgroup"));
  facts.kernel_release = "6.12.1";
  EXPECT_EQ(check_favordynmods(facts).verdict, Verdict::kOk);
}

TEST(DoctorChecksTest, AMountBelowSysFsCgroupIsWarnedAbout) {
  EXPECT_EQ(check_mount("", true).verdict, Verdict::kOk);
  EXPECT_EQ(check_mount("", false).verdict, Verdict::kFail);
  EXPECT_EQ(check_mount("1 2 0:4 / /run/netclsd/net_cls rw - cgroup cgroup rw,net_cls\n", true).text,
            "at /run/netclsd/net_cls");
  EXPECT_EQ(check_mount("1 2 0:4 / /sys/fs/cgroup/net_cls rw - cgroup cgroup rw,net_cls\n", true).verdict,
            Verdict::kWarn);
}

TEST(DoctorChecksTest, WhoIsMisledByTheFirstLineIsNamed) {
  const MisledPrograms some{.count = 7, .examples = {"node (pid 12)", "java (pid 13)"}};
  const Check before = check_first_line("0::/init.scope\n", some);
  EXPECT_EQ(before.verdict, Verdict::kOk);
  EXPECT_THAT(before.text, HasSubstr("7 running, such as node (pid 12), java (pid 13)"));
  const Check now = check_first_line("1:net_cls:/\n0::/init.scope\n", some);
  EXPECT_EQ(now.verdict, Verdict::kWarn);
  EXPECT_THAT(now.text, HasSubstr("net_cls is mounted"));
  EXPECT_EQ(check_first_line("1:net_cls,net_prio:/\n0::/\n", {}).verdict, Verdict::kOk);
  EXPECT_EQ(check_first_line("2:memory:/\n1:net_cls:/\n0::/\n", some).verdict, Verdict::kOk) << "a hybrid host";
}

TEST(DoctorChecksTest, ControllersThatShareTheHierarchyFail) {
  const Check shared = check_mount("1 2 0:4 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,net_cls\n", true);
  EXPECT_EQ(shared.verdict, Verdict::kFail);
  EXPECT_THAT(shared.text, HasSubstr("together with cpu at /sys/fs/cgroup/cpu"));
  EXPECT_THAT(shared.text, HasSubstr("lose the limits"));
  EXPECT_THAT(shared.text, HasSubstr("neither agent nor hook"));
}

TEST(DoctorChecksTest, AProcThatHidesProcessesFails) {
  EXPECT_EQ(check_proc("").verdict, Verdict::kOk);
  EXPECT_EQ(check_proc("1 2 0:4 / /proc rw - proc proc rw,hidepid=invisible\n").verdict, Verdict::kOk);
  const Check hiding = check_proc("1 2 0:4 / /proc rw - proc proc rw,hidepid=invisible,gid=7\n");
  EXPECT_EQ(hiding.verdict, Verdict::kFail);
  EXPECT_THAT(hiding.text, HasSubstr("hidepid=invisible,gid=7"));
}

TEST(DoctorChecksTest, ATimeNamespaceIsWarnedAbout) {
  EXPECT_EQ(check_time_namespace("time:[4026531834]").verdict, Verdict::kOk);
  EXPECT_EQ(check_time_namespace("").verdict, Verdict::kOk) << "before Linux 5.6";
  const Check elsewhere = check_time_namespace("time:[4026532208]");
  EXPECT_EQ(elsewhere.verdict, Verdict::kWarn);
  EXPECT_THAT(elsewhere.text, HasSubstr("time:[4026532208]"));
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

TEST(DoctorChecksTest, WhatTheHooksInstallationReportedIsTold) {
  EXPECT_EQ(check_runtimes(failure(ErrorCode::kUnavailable, "away")).verdict, Verdict::kWarn);
  EXPECT_EQ(check_runtimes(R"({"hook":null})").verdict, Verdict::kOk);
  EXPECT_EQ(check_runtimes(R"({"hook":{"state":"ok","message":"all call it","runtimes":[]}})").text,
            "hook ok: all call it");
  EXPECT_EQ(check_runtimes(R"({"hook":{"state":"disabled","message":"not wanted"}})").verdict, Verdict::kOk);
  EXPECT_EQ(check_runtimes(R"({"hook":{"state":"failed","message":"read-only"}})").verdict, Verdict::kFail);
  const Check degraded = check_runtimes(R"({"hook":{"state":"degraded","message":"not all call it","runtimes":[
      {"runtime":"podman","state":"ok","message":"fine"},
      {"runtime":"crio","state":"missing","message":"not in hooks_dir"}, 7]}})");
  EXPECT_EQ(degraded.verdict, Verdict::kWarn);
  EXPECT_EQ(degraded.text, "hook degraded: not all call it; crio: missing, not in hooks_dir");
  EXPECT_EQ(check_runtimes(R"({"hook":7})").verdict, Verdict::kOk) << "of another shape";
}

TEST(DoctorChecksTest, TellsWhetherClassesAreCarried) {
  const auto check = [](const char* status) { return check_carry(std::string(status)); };
  EXPECT_EQ(check_carry(failure(ErrorCode::kUnavailable, "away")).verdict, Verdict::kWarn);
  EXPECT_EQ(check(R"({"carry":null})").verdict, Verdict::kOk);
  EXPECT_TRUE(check(R"({"carry":null})").text.starts_with("not configured"));
  const Check fine = check(R"({"carry":{"state":"ok","message":"","kernel":"tcx","carriers":3}})");
  EXPECT_EQ(fine.verdict, Verdict::kOk);
  EXPECT_EQ(fine.text, "at 3 interfaces, by tcx");
  const Check degraded = check(R"({"carry":{"state":"degraded","message":"veth1: no memory"}})");
  EXPECT_EQ(degraded.verdict, Verdict::kWarn);
  EXPECT_EQ(degraded.text, "not as it should be: veth1: no memory");
  const Check gone = check(R"({"carry":{"state":"gone"}})");
  EXPECT_EQ(gone.verdict, Verdict::kFail);
  EXPECT_NE(gone.text.find("start it"), std::string::npos);
  const Check failed = check(R"({"carry":{"state":"failed","message":"no BPF file system"}})");
  EXPECT_EQ(failed.verdict, Verdict::kFail);
  EXPECT_EQ(failed.text, "netclsd-carrier could not start: no BPF file system");
  EXPECT_EQ(check(R"({"carry":{"state":"unreadable","message":"\u001b"}})").verdict, Verdict::kWarn);
  EXPECT_EQ(check(R"({"carry":{"state":"unreadable","message":"\u001b"}})").text, "its report is unreadable: ?");
}

TEST(DoctorChecksTest, TellsWhetherTheNriPluginIsConnected) {
  EXPECT_EQ(check_nri(failure(ErrorCode::kUnavailable, "away"), true).verdict, Verdict::kWarn);
  EXPECT_EQ(check_nri(R"({"nri":null})", false).text, "no runtime offers it");
  EXPECT_EQ(check_nri(R"({"nri":null})", true).text, "a runtime offers it, and no plugin of ours is there");
  const Check connected = check_nri(R"({"nri":{"state":"connected","runtime":"containerd 2.1.9"}})", true);
  EXPECT_EQ(connected.verdict, Verdict::kOk);
  EXPECT_EQ(connected.text, "the plugin is connected, containerd 2.1.9");
  const Check gone = check_nri(R"({"nri":{"state":"gone","message":"the plugin does not run"}})", true);
  EXPECT_EQ(gone.verdict, Verdict::kWarn);
  EXPECT_EQ(gone.text, "the plugin is gone: the plugin does not run");
  const Check hooked =
      check_nri(R"({"nri":{"state":"disconnected","message":"no socket"},"hook":{"state":"ok"}})", false);
  EXPECT_EQ(hooked.verdict, Verdict::kOk);
  EXPECT_EQ(hooked.text, "the plugin is disconnected: no socket; the hook is called instead");
  EXPECT_EQ(check_nri(R"({"nri":{"state":"gone"},"hook":{"state":"degraded"}})", false).verdict, Verdict::kWarn);
}

TEST(DoctorChecksTest, ContainersThatAskAndAreNotRegisteredAreNamed) {
  const char* const known = R"({"containers":[{"id":"a"},{"id":"b","pid":7},7]})";
  EXPECT_EQ(check_containers({}, failure(ErrorCode::kUnavailable, "away")).verdict, Verdict::kWarn);
  EXPECT_EQ(check_containers({}, known).verdict, Verdict::kOk);
  EXPECT_EQ(check_containers({.found = {{"a", "shop/a"}}}, known).text,
            "1 that ask for a class by an annotation in their bundle, and the agent knows all of them");
  const Check one = check_containers({.found = {{"a", "shop/a"}, {"c", "shop/c (pid 8)\x1b"}}}, known);
  EXPECT_EQ(one.verdict, Verdict::kWarn);
  EXPECT_THAT(one.text, HasSubstr("1 of 2 that ask for a class by an annotation are not registered: shop/c (pid 8)?."));
  AskingContainers many{.found = {}, .is_complete = false};
  for (int i = 0; i < 7; ++i) many.found.push_back({"x" + std::to_string(i), "n" + std::to_string(i)});
  EXPECT_THAT(check_containers(many, R"({"containers":7})").text,
              HasSubstr("7 of 7 that ask for a class by an annotation (of the first 20000 bundles) are not registered: "
                        "n0, n1, n2, n3, n4 and 2 more."));
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

TEST(DoctorChecksTest, ACgrulesengdThatMovesProcessesOfNetClsIsWarnedAbout) {
  EXPECT_EQ(check_rules_daemon(std::nullopt, "*  net_cls  all/").verdict, Verdict::kOk);
  for (const char* rules : {"", "alice memory,cpu  students/\n", "# *  net_cls  all/\n", "alice\n", "net_cls\n"}) {
    EXPECT_EQ(check_rules_daemon("4711", rules).verdict, Verdict::kOk) << rules;
  }
  for (const char* rules : {"memory\n\n*:sshd\tcpu,net_cls\tall/", "@staff  *  staff/\n", "a cpu x/\n% net_cls x/"}) {
    const Check check = check_rules_daemon("4711", rules);
    EXPECT_EQ(check.verdict, Verdict::kWarn) << rules;
    EXPECT_THAT(check.text, HasSubstr("pid 4711"));
  }
}

}  // namespace
}  // namespace netclsd::cli
