#include "agent/membership/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/membership/some_target.h"

namespace netclsd {
namespace {

using testing::ElementsAre;

constexpr TargetNumber kOuter{1};
constexpr TargetNumber kInner{2};

Target at_path(const std::string& path, std::optional<TargetNumber> outer = std::nullopt) {
  return some_target(path, "netclsd" + path, outer);
}

CgroupPaths cgroups_at(const std::string& unified, const std::string& net_cls = "/") {
  return {{{"net_cls", net_cls}, {"", unified}}};
}

TEST(TargetsTest, APathBelongsToTheNearestTargetAboveIt) {
  Targets targets("/");
  targets.add(at_path("/a"));
  targets.add(at_path("/a/b"));
  EXPECT_EQ(targets.by_path(cgroups_at("/a")), kOuter);
  EXPECT_EQ(targets.by_path(cgroups_at("/a/x/y")), kOuter);
  EXPECT_EQ(targets.by_path(cgroups_at("/a/b/c")), kInner);
  EXPECT_EQ(targets.by_path(cgroups_at("/ab")), std::nullopt);
  EXPECT_EQ(targets.by_path(cgroups_at("/")), std::nullopt);
}

TEST(TargetsTest, ALevelUpIsNotBelow) {
  Targets targets("/");
  targets.add(at_path("/.."));
  EXPECT_EQ(targets.by_path(cgroups_at("/../a")), kOuter);
  EXPECT_EQ(targets.by_path(cgroups_at("/../../a")), std::nullopt);
}

TEST(TargetsTest, TheInnerOfTwoNestedTargetsWins) {
  Targets targets("/");
  targets.add(at_path("/a"));
  targets.add(at_path("", kOuter));  // shares the outer one's path, so only descent tells of it
  EXPECT_EQ(targets.nearest(kOuter, kInner), kInner);
  EXPECT_EQ(targets.nearest(kInner, kOuter), kInner);
}

TEST(TargetsTest, ThePathWinsBetweenStrangers) {
  Targets targets("/");
  targets.add(at_path("/a"));
  targets.add(at_path("/b"));
  EXPECT_EQ(targets.nearest(kOuter, kInner), kOuter);
  EXPECT_EQ(targets.nearest(std::nullopt, kInner), kInner);
  EXPECT_EQ(targets.nearest(std::nullopt, std::nullopt), std::nullopt);
}

TEST(TargetsTest, KnowsWhichTargetsHoldOthers) {
  Targets targets("/");
  targets.add(at_path("/a"));
  EXPECT_FALSE(targets.has_inner(kOuter));
  targets.add(at_path("/a/b", kOuter));
  EXPECT_TRUE(targets.has_inner(kOuter));
  targets.remove(kInner);
  EXPECT_FALSE(targets.has_inner(kOuter));
}

TEST(TargetsTest, PlacedIsInTheGroupOrBelowIt) {
  Targets targets("/");
  targets.add(at_path("/a"));
  EXPECT_TRUE(targets.is_placed(kOuter, cgroups_at("/", "/netclsd/a")));
  EXPECT_TRUE(targets.is_placed(kOuter, cgroups_at("/", "/netclsd/a/sub")));
  EXPECT_FALSE(targets.is_placed(kOuter, cgroups_at("/a", "/netclsd")));
  EXPECT_FALSE(targets.is_placed(kOuter, cgroups_at("/a", "/")));
}

TEST(TargetsTest, InTheGroupOfATargetInsideIsNotPlacedInTheOuter) {
  Targets targets("/");
  targets.add(at_path("/a"));
  targets.add(at_path("/a/inner", kOuter));
  EXPECT_EQ(targets.by_group("/netclsd/a/inner/sub"), kInner);
  EXPECT_FALSE(targets.is_placed(kOuter, cgroups_at("/a", "/netclsd/a/inner")));
  EXPECT_TRUE(targets.is_placed(kInner, cgroups_at("/a", "/netclsd/a/inner/sub")));
  EXPECT_TRUE(targets.is_placed(kOuter, cgroups_at("/a", "/netclsd/a/other")));
}

TEST(TargetsTest, WhatIsRemovedClaimsNothing) {
  Targets targets("/");
  targets.add(at_path("/a"));
  targets.remove(kOuter);
  EXPECT_TRUE(targets.is_empty());
  EXPECT_EQ(targets.by_path(cgroups_at("/a")), std::nullopt);
  EXPECT_FALSE(targets.by_group("/netclsd/a"));
}

TEST(TargetsTest, WhatIsInsideOfARemovedTargetIsInsideOfItsOuterOne) {
  Targets targets("/");
  targets.add(at_path("/a"));
  targets.add(at_path("/a/b", kOuter));
  const TargetNumber innermost = targets.add(at_path("/a/b/c", kInner));
  targets.remove(kInner);
  EXPECT_EQ(targets.at(innermost).outer, kOuter);
  EXPECT_TRUE(targets.has_inner(kOuter));
  targets.remove(innermost);
  EXPECT_FALSE(targets.has_inner(kOuter));
}

TEST(TargetsTest, ANumberIsNeverUsedAgain) {
  Targets targets("/");
  targets.remove(targets.add(at_path("/a")));
  EXPECT_EQ(targets.add(at_path("/a")), kInner);
}

TEST(TargetsTest, AnotherGroupIsFoundAndTheFormerIsNot) {
  Targets targets("/..");
  targets.add(some_target("/a", "pods/a", std::nullopt, true));
  EXPECT_EQ(targets.by_group("/../pods/a"), kOuter);
  EXPECT_EQ(targets.by_directory("pods/a/below"), kOuter);
  targets.give_group(kOuter, "netclsd/a");
  EXPECT_FALSE(targets.by_directory("pods/a"));
  EXPECT_EQ(targets.by_directory("netclsd/a"), kOuter);
  EXPECT_FALSE(targets.at(kOuter).is_adopted);
}

TEST(TargetsTest, AnotherMembershipPathIsFoundAndTheFormerIsNot) {
  Targets targets("/");
  targets.add(at_path("/a"));
  targets.set_membership(kOuter, {"", "/b"});
  EXPECT_EQ(targets.by_path(cgroups_at("/a")), std::nullopt);
  EXPECT_EQ(targets.by_path(cgroups_at("/b")), kOuter);
}

Target with_init(int pid, bool has_ended = false) {
  Target target = at_path("");
  target.directory = "netclsd/" + std::to_string(pid) + (has_ended ? "-ended" : "");
  target.init = {Pid{pid}, StartTime{7}};
  target.has_init_ended = has_ended;
  return target;
}

TEST(TargetsTest, AnInitThatHasEndedDoesNotHideTheNextOneWithItsNumber) {
  Targets targets("/");
  targets.add(with_init(100));
  const TargetNumber ended = targets.add(with_init(100, true));
  EXPECT_EQ(targets.find_by_init(Pid{100}), kOuter);
  EXPECT_TRUE(targets.has_ended());
  targets.remove(ended);
  EXPECT_EQ(targets.find_by_init(Pid{100}), kOuter);
  EXPECT_FALSE(targets.has_ended());
  targets.note_init_ended(kOuter);
  targets.note_init_ended(kOuter);
  targets.remove(kOuter);
  EXPECT_FALSE(targets.has_ended());
  EXPECT_EQ(targets.find_by_init(Pid{100}), std::nullopt);
}

TEST(TargetsTest, ListsNumbersAndInitsInTheOrderOfTheirNumbers) {
  Targets targets("/");
  for (const int pid : {30, 10, 20}) targets.add(with_init(pid));
  targets.set_reaper(kInner, true);
  EXPECT_THAT(targets.numbers(), ElementsAre(kOuter, kInner, TargetNumber{3}));
  const auto inits = targets.inits();
  ASSERT_EQ(inits.size(), 3U);
  EXPECT_EQ(inits[1].process.pid, Pid{10});
  EXPECT_TRUE(inits[1].is_reaper);
}

class Recorder : public TargetObserver {
 public:
  void on_target_added(TargetNumber number, const Target& target) override { note("added", number, target); }
  void on_target_changed(TargetNumber number, const Target& before, const Target& now) override {
    note("changed", number, before);
    note("to", number, now);
  }
  void on_target_removed(TargetNumber number, const Target& target) override { note("removed", number, target); }

  std::vector<std::string> told;

 private:
  void note(const std::string& what, TargetNumber number, const Target& target) {
    told.push_back(what + " " + std::to_string(number.value) + " " + target.directory + " " +
                   to_string(target.choice.classid));
  }
};

TEST(TargetsTest, ObserversAreToldWhatIsAddedChangedAndRemoved) {
  Targets targets("/");
  Recorder recorder;
  targets.observe(recorder);
  targets.add(at_path("/a"));
  targets.set_class(kOuter, {ClassId::from_raw(0x100002).value()});
  targets.give_group(kOuter, "netclsd/b");
  targets.remove(kOuter);
  EXPECT_THAT(recorder.told,
              ElementsAre("added 1 netclsd/a 10:1", "changed 1 netclsd/a 10:1", "to 1 netclsd/a 10:2",
                          "changed 1 netclsd/a 10:2", "to 1 netclsd/b 10:2", "removed 1 netclsd/b 10:2"));
}

TEST(TargetsTest, ObserversAreNotToldWhatNobodyNeedsToWriteDown) {
  Targets targets("/");
  targets.add(with_init(100));
  targets.add(with_init(101));
  Recorder recorder;
  targets.observe(recorder);
  targets.set_outer(kInner, kOuter);
  targets.set_reaper(kInner, true);
  targets.note_init_ended(kInner);
  EXPECT_THAT(recorder.told, ElementsAre());
}

}  // namespace
}  // namespace netclsd
