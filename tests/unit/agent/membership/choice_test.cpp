#include "agent/membership/choice.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/membership/some_target.h"

namespace netclsd {
namespace {

constexpr std::uint64_t kHostNamespace = 1;
const ProcessFacts kAgent{Pid{2},
                          Pid{1},
                          StartTime{},
                          {{{"memory", "/agent"}, {"net_cls", "/"}, {"", "/agent"}}},
                          {.pid_namespace = kHostNamespace, .pid_depth = 1, .root_mount = 20}};
const ProcessFacts kFirst{Pid{1}, Pid{0}, StartTime{}, {{{"", "/"}}}, {.pid_depth = 1, .root_mount = 20}};
const GroupPlace kPlace{.mount_root = "/", .parent = "netclsd"};

ProcessFacts process(int pid, int parent, CgroupPaths cgroups, std::uint64_t pid_namespace = kHostNamespace) {
  return {Pid{pid}, Pid{parent}, StartTime{100}, std::move(cgroups), {.pid_namespace = pid_namespace}};
}

CgroupPaths at(const std::string& unified, const std::string& memory = "/", const std::string& net_cls = "/") {
  return {{{"memory", memory}, {"net_cls", net_cls}, {"", unified}}};
}

TEST(ChooseMembershipPathTest, TakesTheUnifiedPathThatIsTheContainersAlone) {
  const auto init = process(10, 1, at("/pod/c1", "/mem"));
  EXPECT_EQ(choose_membership_path(init, {process(1, 0, at("/")), init}, kAgent), (MembershipPath{"", "/pod/c1"}));
}

// On a hybrid host systemd puts init into all hierarchies, and runc an entrant into those of v1.
TEST(ChooseMembershipPathTest, PrefersAV1HierarchyWhereTheContainerIsInBoth) {
  const auto init = process(10, 1, at("/pod/c1", "/mem/c1"));
  EXPECT_EQ(choose_membership_path(init, {process(1, 0, at("/")), init}, kAgent),
            (MembershipPath{"memory", "/mem/c1"}));
  const auto stranger = process(11, 1, at("/", "/mem/c1"));
  EXPECT_EQ(choose_membership_path(init, {init, stranger}, kAgent), (MembershipPath{"", "/pod/c1"}));
}

TEST(ChooseMembershipPathTest, TakesTheFirstOtherHierarchyWhenTheUnifiedPathIsTheRoot) {
  const auto init = process(10, 1, at("/", "/mem/c1", "/net/c1"));
  EXPECT_EQ(choose_membership_path(init, {init}, kAgent), (MembershipPath{"memory", "/mem/c1"}));
}

TEST(ChooseMembershipPathTest, AProcessWhoseCgroupsCouldNotBeReadMayBeAStranger) {
  const auto init = process(10, 1, at("/c1"));
  EXPECT_EQ(choose_membership_path(init, {init, process(20, 1, {})}, kAgent), std::nullopt);
  EXPECT_EQ(choose_membership_path(init, {init, process(20, 10, {})}, kAgent), (MembershipPath{"", "/c1"}));
}

TEST(ChooseMembershipPathTest, AcceptsDescendantsOfInitInThePath) {
  const auto init = process(10, 1, at("/c1"));
  const Snapshot snapshot{init, process(11, 10, at("/c1")), process(12, 11, at("/c1/sub"))};
  EXPECT_EQ(choose_membership_path(init, snapshot, kAgent), (MembershipPath{"", "/c1"}));
}

TEST(ChooseMembershipPathTest, AcceptsAContainerInsideThatAnEntrantStarted) {
  constexpr std::uint64_t kOwn = 7;
  const auto init = process(10, 1, at("/c1"), kOwn);
  const auto entrant = process(20, 1, at("/c1"), kOwn);
  const auto inner = process(21, 20, at("/c1/inner"), 8);
  EXPECT_EQ(choose_membership_path(init, {init, entrant, inner}, kAgent), (MembershipPath{"", "/c1"}));
  const auto stranger = process(22, 1, at("/c1/inner"), 8);
  EXPECT_EQ(choose_membership_path(init, {init, entrant, stranger}, kAgent), std::nullopt);
}

TEST(FindInsideTest, FindsInitsByPathAndByDescent) {
  const auto outer = process(10, 1, at("/c1"));
  const Snapshot snapshot{outer, process(11, 10, at("/elsewhere")), process(12, 11, at("/elsewhere")),
                          process(20, 1, at("/c1/inner")), process(30, 1, at("/c10"))};
  const std::vector<Pid> inits{Pid{12}, Pid{20}, Pid{30}};
  EXPECT_EQ(find_inside(inits, Pid{10}, MembershipPath{"", "/c1"}, snapshot), (std::vector<Pid>{Pid{12}, Pid{20}}));
  EXPECT_EQ(find_inside(inits, Pid{10}, std::nullopt, snapshot), (std::vector<Pid>{Pid{12}}));
}

TEST(ChooseMembershipPathTest, NeverAcceptsASharedPath) {
  const auto init = process(10, 1, at("/user.slice"));
  EXPECT_EQ(choose_membership_path(init, {init, process(20, 1, at("/user.slice"))}, kAgent), std::nullopt);
  EXPECT_EQ(choose_membership_path(init, {init, process(20, 1, at("/user.slice/below"))}, kAgent), std::nullopt);
}

TEST(ChooseMembershipPathTest, AcceptsWhoWasExecdIntoTheContainersPidNamespace) {
  const auto init = process(10, 1, at("/c1"), 77);
  EXPECT_EQ(choose_membership_path(init, {init, process(20, 1, at("/c1"), 77)}, kAgent), (MembershipPath{"", "/c1"}));
  EXPECT_EQ(choose_membership_path(init, {init, process(20, 1, at("/c1"), 78)}, kAgent), std::nullopt);
}

TEST(ChooseMembershipPathTest, KnowsAnEntrantAlsoWhereNobodyMayReadItsPidNamespace) {
  const auto inside = [](int pid, std::uint64_t root_mount) {
    auto facts = process(pid, 1, at("/c1"), 0);
    facts.namespaces = {.pid_namespace = 0, .pid_depth = 2, .root_mount = root_mount};
    return facts;
  };
  const auto init = inside(10, 700);
  EXPECT_EQ(choose_membership_path(init, {kFirst, init, inside(20, 700)}, kAgent), (MembershipPath{"", "/c1"}));
  EXPECT_EQ(choose_membership_path(init, {kFirst, init, inside(20, 701)}, kAgent), std::nullopt);
  EXPECT_EQ(choose_membership_path(init, {init, inside(20, 700)}, kAgent), std::nullopt)
      << "what the host's namespaces are must be known";
}

TEST(JudgeSharingTest, IsForGoodIfWhoIsAtHomeElsewhereIsThereAgain) {
  const auto init = process(10, 1, at("/cron.service"), 0);
  auto daemon = process(20, 1, at("/cron.service"), 0);
  daemon.namespaces = {.pid_namespace = 0, .pid_depth = 1, .root_mount = 20};
  const auto first = judge_sharing(init, {kFirst, init, daemon}, kAgent, {});
  EXPECT_FALSE(first.is_for_good) << "it may be on its way into the container";
  EXPECT_EQ(first.with, (std::vector{ProcessKey{daemon.pid, daemon.start_time}}));
  EXPECT_TRUE(judge_sharing(init, {kFirst, init, daemon}, kAgent, first.with).is_for_good);
  daemon.start_time = StartTime{200};
  EXPECT_FALSE(judge_sharing(init, {kFirst, init, daemon}, kAgent, first.with).is_for_good) << "another one";
}

TEST(JudgeSharingTest, AnotherContainersInitIsAtHomeThereItsGuestIsNot) {
  const auto init = process(10, 1, at("/c1"), 0);
  auto other = process(20, 1, at("/c1"), 0);
  other.namespaces = {.pid_namespace = 0, .pid_depth = 2, .is_reaper = true, .root_mount = 900};
  EXPECT_EQ(judge_sharing(init, {kFirst, init, other}, kAgent, {}).with.size(), 1U);
  other.namespaces.is_reaper = false;
  EXPECT_TRUE(judge_sharing(init, {kFirst, init, other}, kAgent, {}).with.empty());
}

TEST(JudgeSharingTest, IsForGoodOnlyIfThereIsHopeForNoPath) {
  const auto init = process(10, 1, at("/", "/mem/c1"));
  EXPECT_FALSE(judge_sharing(init, {kFirst, init, process(20, 1, at("/", "/mem/c1"))}, kAgent, {}).is_for_good);
  const auto in_root = process(10, 1, at("/", "/agent"));
  EXPECT_TRUE(judge_sharing(in_root, {kFirst, in_root}, kAgent, {}).is_for_good);
}

TEST(ChooseMembershipPathTest, NeverAcceptsTheRootOrAPathAroundTheAgent) {
  const auto in_root = process(10, 1, at("/"));
  EXPECT_EQ(choose_membership_path(in_root, {in_root}, kAgent), std::nullopt);
  const auto with_agent = process(10, 1, at("/agent"));
  EXPECT_EQ(choose_membership_path(with_agent, {with_agent}, kAgent), std::nullopt);
}

TEST(ChooseMembershipPathTest, RingsOfReusedPidsEnd) {
  const auto init = process(10, 1, at("/c1"));
  const Snapshot snapshot{init, process(20, 21, at("/c1")), process(21, 20, at("/c1"))};
  EXPECT_EQ(choose_membership_path(init, snapshot, kAgent), std::nullopt);
}

TEST(FindMembershipPathAgainTest, FollowsInitIntoAGroupBelowAndIntoAnotherNamespace) {
  const MembershipPath before{"", "/kubepods/c1"};
  EXPECT_EQ(find_membership_path_again(before, at("/kubepods/c1")), before);
  EXPECT_EQ(find_membership_path_again(before, at("/kubepods/c1/init.scope")), before);
  EXPECT_EQ(find_membership_path_again(before, at("/../../kubepods/c1")), (MembershipPath{"", "/../../kubepods/c1"}));
  EXPECT_EQ(find_membership_path_again(before, at("/elsewhere")), std::nullopt);
}

// crun calls the directory of each of its containers the same, and so may a container one of its own.
TEST(FindMembershipPathAgainTest, ADirectoryOfTheSameNameBelowIsAnother) {
  const MembershipPath before{"", "/machine.slice/libpod-1.scope/container"};
  EXPECT_EQ(find_membership_path_again(before, at("/machine.slice/libpod-1.scope/container/container")), before);
  EXPECT_EQ(find_membership_path_again(before, at("/machine.slice/libpod-1.scope/container/a/container/b")), before);
  EXPECT_EQ(find_membership_path_again(before, at("/../../machine.slice/libpod-1.scope/container/container")),
            (MembershipPath{"", "/../../machine.slice/libpod-1.scope/container"}));
}

TEST(FindMembershipPathAgainTest, ANamespaceThatShowsLessOfThePathShowsItsEnd) {
  const MembershipPath before{"", "/machine.slice/libpod-1.scope/container"};
  const CgroupPaths inside = at("/../libpod-1.scope/container/container");
  EXPECT_EQ(find_membership_path_again(before, inside), (MembershipPath{"", "/../libpod-1.scope/container"}));
  EXPECT_EQ(find_membership_path_again({"", "/../libpod-1.scope/container"},
                                       at("/machine.slice/libpod-1.scope/container/container")),
            before);
}

TEST(FindMembershipPathAgainTest, TheSameNameElsewhereIsAnotherDirectory) {
  const MembershipPath before{"", "/machine.slice/libpod-1.scope/container"};
  EXPECT_EQ(find_membership_path_again(before, at("/machine.slice/libpod-2.scope/container")), std::nullopt);
  EXPECT_EQ(find_membership_path_again(before, at("/xcontainer")), std::nullopt);
  EXPECT_EQ(find_membership_path_again(before, at("/machine.slice/libpod-1.scope")), std::nullopt);
  EXPECT_EQ(find_membership_path_again(before, at("/")), std::nullopt);
}

// Too low a path misses some, too high a one takes in strangers. Without one it is chosen anew.
TEST(FindMembershipPathAgainTest, WhereTwoDirectoriesMayBeItThereIsNone) {
  EXPECT_EQ(find_membership_path_again({"", "/../container"}, at("/pods/container/container")), std::nullopt);
  EXPECT_EQ(find_membership_path_again({"", "/container"}, at("/container/container")),
            (MembershipPath{"", "/container"}))
      << "unless it is where it was";
}

TEST(ChooseGroupTest, MakesOneWhenInitIsInTheRootGroup) {
  const auto init = process(10, 1, at("/c1"));
  EXPECT_EQ(choose_group("ab12", init, {init}, kAgent, Targets("/"), kPlace), (GroupChoice{"netclsd/ab12", false}));
}

TEST(ChooseGroupTest, AdoptsTheRuntimesOwnGroup) {
  const auto init = process(10, 1, at("/", "/", "/pods/ab12"));
  EXPECT_EQ(choose_group("ab12", init, {init}, kAgent, Targets("/"), kPlace), (GroupChoice{"pods/ab12", true}));
}

TEST(ChooseGroupTest, DoesNotAdoptAGroupThatHoldsOthers) {
  const auto init = process(10, 1, at("/", "/", "/shared"));
  const Snapshot snapshot{init, process(20, 1, at("/", "/", "/shared"))};
  EXPECT_EQ(choose_group("ab12", init, snapshot, kAgent, Targets("/"), kPlace), (GroupChoice{"netclsd/ab12", false}));
}

TEST(ChooseGroupTest, DoesNotAdoptAnotherTargetsGroup) {
  Targets targets("/");
  targets.add(some_target("", "pods/outer"));
  const auto init = process(10, 1, at("/", "/", "/pods/outer"));
  EXPECT_EQ(choose_group("ab12", init, {init}, kAgent, targets, kPlace), (GroupChoice{"netclsd/ab12", false}));
}

TEST(ChooseGroupTest, WhatTheHookMadeBelowOurParentIsOurs) {
  const auto init = process(10, 1, at("/", "/", "/netclsd/ab12"));
  EXPECT_EQ(choose_group("ab12", init, {init}, kAgent, Targets("/"), kPlace), (GroupChoice{"netclsd/ab12", false}));
}

TEST(ChooseGroupTest, WhatTheHookMadeBelowItsDefaultParentIsOursToo) {
  const auto init = process(10, 1, at("/", "/", "/netclsd/ab12"));
  const GroupPlace place{.mount_root = "/", .parent = "classes"};
  EXPECT_EQ(choose_group("ab12", init, {init}, kAgent, Targets("/"), place), (GroupChoice{"netclsd/ab12", false}));
}

TEST(ChooseGroupTest, AdoptsFromAPrivateCgroupNamespace) {
  const auto init = process(10, 1, at("/", "/", "/../pods/ab12"));
  const GroupPlace place{.mount_root = "/..", .parent = "netclsd"};
  EXPECT_EQ(choose_group("ab12", init, {init}, kAgent, Targets("/"), place), (GroupChoice{"pods/ab12", true}));
}

const NamespaceFacts kHostFacts{.pid_depth = 1, .root_mount = 20, .root = "8:1 /"};
const ProcessFacts kHostAgent{Pid{2}, Pid{1}, StartTime{}, {{{"", "/agent"}}}, kHostFacts};
const ProcessFacts kHostFirst{Pid{1}, Pid{0}, StartTime{}, {{{"", "/"}}}, kHostFacts};

ProcessFacts with(ProcessFacts facts, NamespaceFacts namespaces) {
  facts.namespaces = std::move(namespaces);
  return facts;
}

// Most services have mounts of their own (PrivateTmp=), and the host's "/" in them.
TEST(JudgeSharingTest, AServiceWithMountsOfItsOwnIsAtHomeOnTheHost) {
  NamespaceFacts own = kHostFacts;
  own.root_mount = 55;
  for (const NamespaceFacts& of_job : {own, kHostFacts}) {
    const auto job = with(process(10, 1, at("/system.slice/web.service")), of_job);
    const auto daemon = with(process(20, 1, at("/system.slice/web.service")), own);
    const Snapshot all{kHostFirst, job, daemon};
    ASSERT_EQ(choose_membership_path(job, all, kHostAgent), std::nullopt);
    const auto first = judge_sharing(job, all, kHostAgent, {});
    EXPECT_TRUE(judge_sharing(job, all, kHostAgent, first.with).is_for_good);
  }
}

}  // namespace
}  // namespace netclsd
