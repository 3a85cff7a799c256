#include "hook/placement.h"

#include <gtest/gtest.h>

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

TEST(PlacementTest, OnlyAnExplicitClassidCanBePlaced) {
  const FakeHookHost host;
  EXPECT_EQ(placed(host, registration(ClassRequest{ClassName{"gold"}, "netclsd.io/class"})),
            "class gold is known to the agent alone");
  EXPECT_EQ(placed(host, registration(std::nullopt)), "it asks for no class");
  EXPECT_TRUE(host.is_untouched());
}

}  // namespace
}  // namespace netclsd::hook
