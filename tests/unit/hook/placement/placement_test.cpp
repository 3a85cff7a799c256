#include "hook/placement/placement.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/common/temporary_directory.h"
#include "tests/unit/hook/fake_host.h"

namespace netclsd::hook {
namespace {

Registration registration(std::optional<ClassRequest> wanted) {
  return {.id = *ContainerId::parse("ab12"),
          .request = {.pid = Pid{4711},
                      .start_time = StartTime{100},
                      .bundle = {},
                      .annotations = {},
                      .spec_classid = {},
                      .cgroups_path = {},
                      .source = RegistrationSource::kHook},
          .wanted = std::move(wanted)};
}

const Registration kGold = registration(ClassRequest{*ClassId::parse("10:1"), "netclsd.io/classid"});

std::string placed(const FakeHookHost& host, const Registration& what = kGold) {
  const auto class_id = place_init(what, host.path("proc"));
  return class_id ? to_string(*class_id) : class_id.error().message();
}

TEST(PlacementTest, InitGoesIntoItsOwnGroupBelowOurParent) {
  const FakeHookHost host;
  EXPECT_EQ(placed(host), "10:1");
  EXPECT_EQ(host.classid_of("netclsd/ab12"), "1048577");
  EXPECT_EQ(host.processes_of("netclsd/ab12"), "4711");
}

TEST(PlacementTest, AlsoInATimeNamespace) {
  const FakeHookHost host;
  host.set_boot_offset("5 0");
  host.set_init_start_time("600");
  EXPECT_EQ(placed(host), "10:1");
}

TEST(PlacementTest, AGroupThatHoldsInitAloneIsAdopted) {
  const FakeHookHost host;
  host.set_init_group("/kube/c1");
  host.make_group("kube/c1", "4711\n");
  EXPECT_EQ(placed(host), "10:1");
  EXPECT_EQ(host.classid_of("kube/c1"), "1048577");
  EXPECT_TRUE(host.is_untouched());
}

TEST(PlacementTest, AGroupThatInitSharesIsNotAdopted) {
  const FakeHookHost host;
  host.set_init_group("/system");
  host.make_group("system", "1\n4711\n");
  EXPECT_EQ(placed(host), "10:1");
  EXPECT_EQ(host.classid_of("system"), "0\n");
  EXPECT_EQ(host.processes_of("netclsd/ab12"), "4711");
}

// gVisor's sandbox is the init of all containers of a pod: it keeps the class of the first.
TEST(PlacementTest, WhoIsPlacedForAnotherContainerStaysThere) {
  const FakeHookHost host;
  host.set_init_group("/netclsd/cd34");
  host.make_group("netclsd/cd34", "4711\n");
  EXPECT_EQ(placed(host), "init is placed already, for container cd34");
  host.make_group("netclsd/cd34", "42\n4711\n");
  host.set_process(FakeHookHost::kInit, 4711, 1);
  EXPECT_EQ(placed(host), "init is placed already, for container cd34") << "also beside its helpers";
  EXPECT_EQ(host.classid_of("netclsd/cd34"), "0\n");
  EXPECT_TRUE(host.is_untouched());
}

TEST(PlacementTest, WhoIsPlacedForThisContainerGetsItsClassAgain) {
  const FakeHookHost host;
  host.set_init_group("/netclsd/ab12");
  host.make_group("netclsd/ab12", "4711\n");
  EXPECT_EQ(placed(host), "10:1");
  EXPECT_EQ(host.classid_of("netclsd/ab12"), "1048577");
}

// Its hook runs before its first fork, when it is still in the group of the container around it.
TEST(PlacementTest, AContainerInAContainerIsTakenOutOfTheOthersGroup) {
  const FakeHookHost host;
  host.set_init_group("/netclsd/cd34");
  host.make_group("netclsd/cd34", "42\n4711\n");
  EXPECT_EQ(placed(host), "10:1");
  EXPECT_EQ(host.processes_of("netclsd/ab12"), "4711");
}

TEST(PlacementTest, WhoseAnnotationsContradictEachOtherAboutItsPodIsNotPlaced) {
  const FakeHookHost host;
  Registration liar = kGold;
  liar.is_pod_known = false;
  EXPECT_EQ(placed(host, liar), "its annotations contradict each other about its pod");
  EXPECT_EQ(host.processes_of("netclsd/ab12"), "");
}

TEST(PlacementTest, AReusedPidIsNotTouched) {
  const FakeHookHost host;
  host.set_init_start_time("101");
  EXPECT_EQ(placed(host), "init is gone");
  EXPECT_EQ(host.processes_of("netclsd/ab12"), "");
  host.set_init_group("/kube/c1");
  host.make_group("kube/c1", "4711\n");
  EXPECT_EQ(placed(host), "init is gone");
  EXPECT_EQ(host.classid_of("kube/c1"), "0\n");
}

TEST(PlacementTest, ADeadInitIsNotTouched) {
  const FakeHookHost host;
  host.remove("proc/4711");
  EXPECT_EQ(placed(host), "init is gone");
  EXPECT_EQ(host.processes_of("netclsd/ab12"), "");
}

TEST(PlacementTest, WithoutAHierarchyNothingCanBeDone) {
  const FakeHookHost host;
  host.remove("proc/self");
  EXPECT_NE(placed(host), "10:1");
  const TemporaryDirectory bare;
  bare.write("proc/self/mountinfo", "");
  EXPECT_EQ(place_init(kGold, bare.path("proc")).error().message(), "no net_cls hierarchy is mounted");
}

// It would lose the cpu limits that the runtime has just set.
TEST(PlacementTest, NobodyIsMovedOutOfOtherControllersGroups) {
  const FakeHookHost host;
  host.mount_with("cpu,net_cls");
  EXPECT_NE(placed(host).find("net_cls is mounted together with cpu at " + host.path("net_cls")), std::string::npos);
  EXPECT_TRUE(host.is_untouched());
  host.set_init_group("/kube/c1");
  host.make_group("kube/c1", "4711\n");
  EXPECT_NE(placed(host), "10:1");
  EXPECT_EQ(host.classid_of("kube/c1"), "0\n");
  host.mount_with("net_cls,net_prio");
  EXPECT_EQ(placed(host), "10:1");
}

TEST(PlacementTest, OnlyAnExplicitClassidCanBePlaced) {
  const FakeHookHost host;
  EXPECT_EQ(placed(host, registration(ClassRequest{ClassName{"gold"}, "netclsd.io/class"})),
            "class gold is known to the agent alone");
  EXPECT_EQ(placed(host, registration(std::nullopt)), "it asks for no class");
  EXPECT_TRUE(host.is_untouched());
}

TEST(SpoolTest, LeavesAnEntryThatTheAgentCanReadInADirectoryOfRootsAlone) {
  const TemporaryDirectory run;
  const Registration registration{.id = *ContainerId::parse("ab12"),
                                  .request = {.pid = Pid{7},
                                              .start_time = StartTime{100},
                                              .bundle = "/b",
                                              .annotations = {{"k", "v"}},
                                              .spec_classid = 5,
                                              .cgroups_path = "/c",
                                              .source = RegistrationSource::kHook},
                                  .wanted = {}};
  ASSERT_TRUE(leave_in_spool(run.path("spool"), registration));
  const auto entry = parse_spool_entry(run.read("spool/ab12.json"));
  ASSERT_TRUE(entry) << entry.error().message();
  RegisterRequest expected = registration.request;
  expected.source = RegistrationSource::kSpool;
  EXPECT_EQ(entry->request, expected);
  struct stat status {};
  ASSERT_EQ(::stat(run.path("spool").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

}  // namespace
}  // namespace netclsd::hook
