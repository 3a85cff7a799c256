#include "agent/membership/tracker.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/membership/some_target.h"

namespace netclsd {
namespace {

using std::chrono::milliseconds;

constexpr TargetNumber kContainer{1};
constexpr TargetNumber kOther{2};
constexpr Pid kParent{100};
constexpr Pid kChild{101};

class TrackerTest : public testing::Test {
 protected:
  TrackerTest() { targets_.add(some_target("/c1", "netclsd/c1")); }

  void track(Pid pid, MonotonicTime placed_since) {
    tracker_.put(pid, {kContainer, StartTime{5}, milliseconds{1}, placed_since, JoinCause::kRegister});
  }

  void read_all() {
    tracker_.begin_reading();
    tracker_.end_reading(true);
  }

  Targets targets_{"/"};
  Tracker tracker_{targets_};
};

CgroupPaths at(const std::string& unified, const std::string& net_cls) {
  return {{{"net_cls", net_cls}, {"", unified}}};
}

TEST_F(TrackerTest, AForkAfterTheParentsMoveIsBornPlacedAndNeedsNothing) {
  track(kParent, milliseconds{10});
  EXPECT_EQ(tracker_.on(Forked{kParent, kChild, milliseconds{11}}), std::nullopt);
  ASSERT_NE(tracker_.find(kChild), nullptr);
  EXPECT_EQ(tracker_.find(kChild)->cause, JoinCause::kInherited);
  EXPECT_EQ(tracker_.on(Forked{kChild, Pid{102}, milliseconds{3}}), std::nullopt) << "time stamps may run backwards";
}

TEST_F(TrackerTest, CountsTheProcessesOfEachContainer) {
  track(kParent, kPlacedFromBirth);
  EXPECT_EQ(tracker_.on(Forked{kParent, kChild, milliseconds{11}}), std::nullopt);
  EXPECT_EQ(tracker_.count_of(kContainer), 2U);
  tracker_.put(kChild, {kOther, StartTime{5}, milliseconds{12}, kNotPlaced, JoinCause::kExec});
  EXPECT_EQ(tracker_.count_of(kContainer), 1U);
  EXPECT_EQ(tracker_.count_of(kOther), 1U);
  EXPECT_EQ(tracker_.counts(), (Tracker::Counts{{kContainer.value, 1}, {kOther.value, 1}}));
  tracker_.forget(kChild);
  tracker_.forget(kChild);
  EXPECT_EQ(tracker_.count_of(kOther), 0U);
  EXPECT_EQ(tracker_.on(Forked{kParent, kChild, milliseconds{13}}), std::nullopt);
  tracker_.forget_all_but({kParent}, milliseconds{14});
  EXPECT_EQ(tracker_.count_of(kContainer), 1U);
  targets_.observe(tracker_);
  targets_.remove(kContainer);
  EXPECT_EQ(tracker_.count_of(kContainer), 0U);
}

TEST_F(TrackerTest, AForkBeforeOrDuringTheParentsMoveIsExamined) {
  track(kParent, milliseconds{10});
  const Examine expected{kChild, JoinCause::kFork, milliseconds{10}};
  EXPECT_EQ(tracker_.on(Forked{kParent, kChild, milliseconds{10}}), expected);
  const Examine grandchild{Pid{102}, JoinCause::kFork, milliseconds{99}};
  EXPECT_EQ(tracker_.on(Forked{kChild, Pid{102}, milliseconds{99}}), grandchild) << "its parent is not placed";
}

TEST_F(TrackerTest, AStrangersForkIsIgnoredAndTakesTheNumberAway) {
  track(kChild, milliseconds{10});
  EXPECT_EQ(tracker_.on(Forked{Pid{7}, kChild, milliseconds{11}}), std::nullopt);
  EXPECT_EQ(tracker_.find(kChild), nullptr);
}

TEST_F(TrackerTest, AForkOlderThanWhatIsKnownOfTheChildChangesNothing) {
  tracker_.put(kChild, {kContainer, StartTime{5}, milliseconds{20}, milliseconds{20}, JoinCause::kRegister});
  EXPECT_EQ(tracker_.on(Forked{Pid{7}, kChild, milliseconds{19}}), std::nullopt);
  ASSERT_NE(tracker_.find(kChild), nullptr) << "a stranger's child was registered before its fork was heard";
  track(kParent, kNotPlaced);
  EXPECT_EQ(tracker_.on(Forked{kParent, kChild, milliseconds{19}}), std::nullopt);
  EXPECT_EQ(tracker_.find(kChild)->cause, JoinCause::kRegister);
}

TEST_F(TrackerTest, AnExecOfAnUnknownProcessIsExaminedOnlyIfThereAreContainers) {
  EXPECT_EQ(tracker_.on(Execed{Pid{50}, milliseconds{1}}), (Examine{Pid{50}, JoinCause::kExec, milliseconds{1}}));
  targets_.remove(kContainer);
  EXPECT_EQ(tracker_.on(Execed{Pid{50}, milliseconds{1}}), std::nullopt);
}

TEST_F(TrackerTest, WhatAnEntrantForksBeforeItIsLookedAtIsExaminedToo) {
  tracker_.on(Execed{Pid{50}, milliseconds{1}});
  EXPECT_EQ(tracker_.on(Forked{Pid{50}, Pid{51}, milliseconds{2}}),
            (Examine{Pid{51}, JoinCause::kFork, milliseconds{2}, Pid{50}}));
  EXPECT_TRUE(tracker_.on(Forked{Pid{51}, Pid{52}, milliseconds{3}}).has_value());
  tracker_.settle(Pid{50});
  EXPECT_EQ(tracker_.on(Forked{Pid{50}, Pid{53}, milliseconds{4}}), std::nullopt);
}

// `runc exec` by a CI runner that is registered itself: its process is known, and on its way into another container.
TEST_F(TrackerTest, AnExecOfAKnownProcessIsExaminedOnlyWhereAnotherContainerIsRegistered) {
  track(kParent, milliseconds{10});
  EXPECT_EQ(tracker_.on(Execed{kParent, milliseconds{20}}), std::nullopt);
  targets_.add(some_target("/c2", "netclsd/c2"));
  EXPECT_EQ(tracker_.on(Execed{kParent, milliseconds{21}}), (Examine{kParent, JoinCause::kExec, milliseconds{21}}));
  EXPECT_EQ(tracker_.judge(kParent, at("/c2", "/netclsd/c1")), Verdict(Attach{kOther, false}));
}

TEST_F(TrackerTest, WhatItForksUntilThenIsExaminedToo) {
  targets_.add(some_target("/c2", "netclsd/c2"));
  track(kParent, milliseconds{10});
  tracker_.on(Execed{kParent, milliseconds{21}});
  const Examine child{kChild, JoinCause::kFork, milliseconds{22}, kParent};
  EXPECT_EQ(tracker_.on(Forked{kParent, kChild, milliseconds{22}}), child);
  EXPECT_EQ(tracker_.find(kChild), nullptr) << "whose it is the look at it tells";
  tracker_.inherit(child);
  ASSERT_NE(tracker_.find(kChild), nullptr);
  EXPECT_EQ(tracker_.find(kChild)->target, kContainer);
  tracker_.settle(kParent);
  EXPECT_EQ(tracker_.on(Forked{kParent, Pid{103}, milliseconds{23}}), std::nullopt);
}

TEST_F(TrackerTest, JudgesByPath) {
  EXPECT_EQ(tracker_.judge(Pid{50}, at("/elsewhere", "/")), Verdict(NotMember{}));
  EXPECT_EQ(tracker_.judge(Pid{50}, at("/c1", "/netclsd/c1")), Verdict(Placed{kContainer}));
  EXPECT_EQ(tracker_.judge(Pid{50}, at("/c1/sub", "/")), Verdict(Attach{kContainer, false}));
}

TEST_F(TrackerTest, WhoLeftThePathIsAMemberByDescentButMustBeTheForkedProcess) {
  track(kParent, kNotPlaced);
  EXPECT_EQ(tracker_.judge(kParent, at("/elsewhere", "/")), Verdict(Attach{kContainer, true}));
}

TEST_F(TrackerTest, AfterLostEventsAForkIsLookedAtAndOnlyItsPathMakesItAMember) {
  track(kParent, milliseconds{10});
  tracker_.distrust_descent();
  EXPECT_TRUE(tracker_.on(Forked{kParent, kChild, milliseconds{11}}).has_value());
  EXPECT_EQ(tracker_.judge(kChild, at("/elsewhere", "/")), Verdict(NotMember{})) << "the parent's pid may be anybody's";
  EXPECT_EQ(tracker_.judge(kParent, at("/elsewhere", "/")), Verdict(Undecided{}));
  EXPECT_EQ(tracker_.judge(kChild, at("/c1", "/")), Verdict(Attach{kContainer, false}));
  read_all();
  EXPECT_EQ(tracker_.judge(kParent, at("/elsewhere", "/")), Verdict(Attach{kContainer, true}));
}

TEST_F(TrackerTest, AReadingThatFailedOrDuringWhichEventsWereLostProvesNothing) {
  track(kParent, milliseconds{10});
  tracker_.distrust_descent();
  tracker_.begin_reading();
  tracker_.distrust_descent();
  tracker_.end_reading(true);
  EXPECT_EQ(tracker_.judge(kParent, at("/elsewhere", "/")), Verdict(Undecided{}));
  tracker_.begin_reading();
  tracker_.end_reading(false);
  EXPECT_EQ(tracker_.judge(kParent, at("/elsewhere", "/")), Verdict(Undecided{}));
}

TEST_F(TrackerTest, WhileAllIsReadAStrangersChildIsExaminedToo) {
  tracker_.begin_reading();
  const Examine expected{kChild, JoinCause::kFork, milliseconds{11}, kParent};
  EXPECT_EQ(tracker_.on(Forked{kParent, kChild, milliseconds{11}}), expected);
  tracker_.end_reading(true);
  EXPECT_EQ(tracker_.on(Forked{kParent, Pid{102}, milliseconds{12}}), std::nullopt);
}

TEST_F(TrackerTest, AForkFromBeforeItsParentWasBornIsOfTheNumbersEarlierOwner) {
  tracker_.put(kParent, {kContainer, StartTime{500}, milliseconds{5'000}, milliseconds{5'000}, JoinCause::kRegister});
  EXPECT_EQ(tracker_.on(Forked{kParent, kChild, milliseconds{1'000}}), std::nullopt);
  EXPECT_EQ(tracker_.find(kChild), nullptr);
  tracker_.inherit({kChild, JoinCause::kFork, milliseconds{1'000}, kParent});
  EXPECT_EQ(tracker_.find(kChild), nullptr);
}

TEST_F(TrackerTest, AnExaminationIsOutdatedWhenTheNumberWasGivenAwaySince) {
  const auto execed = tracker_.on(Execed{kChild, milliseconds{10}});
  ASSERT_TRUE(execed.has_value());
  EXPECT_FALSE(tracker_.is_outdated(*execed));
  tracker_.on(Execed{kParent, milliseconds{11}});
  const auto forked = tracker_.on(Forked{kParent, kChild, milliseconds{20}});
  ASSERT_TRUE(forked.has_value());
  EXPECT_TRUE(tracker_.is_outdated(*execed));
  EXPECT_FALSE(tracker_.is_outdated(*forked));
  tracker_.put(kChild, {kContainer, StartTime{5}, milliseconds{21}, milliseconds{21}, JoinCause::kSweep});
  EXPECT_TRUE(tracker_.is_outdated(*forked)) << "all of it was read since";
}

TEST_F(TrackerTest, ASuspectOlderThanTheLookIsForgottenWhenItHasEnded) {
  tracker_.on(Execed{kParent, milliseconds{10}});
  tracker_.forget_suspects({}, milliseconds{10});
  EXPECT_TRUE(tracker_.on(Forked{kParent, kChild, milliseconds{20}}).has_value()) << "it may be too young to be seen";
  tracker_.forget_suspects({kChild}, milliseconds{30});
  EXPECT_FALSE(tracker_.on(Forked{kParent, Pid{102}, milliseconds{31}}).has_value());
  EXPECT_TRUE(tracker_.on(Forked{kChild, Pid{103}, milliseconds{32}}).has_value());
}

TEST_F(TrackerTest, WhoWasForkedWhileDescentWasNotTrustedInheritsWhenItIsAgain) {
  targets_.add(some_target("", "netclsd/c2", kContainer));
  tracker_.put(kParent, {kOther, StartTime{5}, milliseconds{1}, milliseconds{1}, JoinCause::kRegister});
  tracker_.distrust_descent();
  const auto examine = tracker_.on(Forked{kParent, kChild, milliseconds{11}});
  ASSERT_TRUE(examine.has_value());
  EXPECT_EQ(tracker_.judge(kChild, at("/c1", "/")), Verdict(Undecided{})) << "it may be of the container inside";
  read_all();
  tracker_.inherit(*examine);
  EXPECT_EQ(tracker_.judge(kChild, at("/c1", "/")), Verdict(Attach{kOther, true}));
}

TEST_F(TrackerTest, TheForksTimeGivesTheChildsStartTimeInclusiveOfSuspendedTime) {
  tracker_.set_boot_offset(std::chrono::seconds{3});
  track(kParent, milliseconds{10});
  tracker_.on(Forked{kParent, kChild, milliseconds{1'000}});
  EXPECT_EQ(tracker_.find(kChild)->start_time, StartTime{400});
}

TEST_F(TrackerTest, ForgetsTheEndedButNotWhatIsNewerThanTheLook) {
  tracker_.put(Pid{1}, {kContainer, StartTime{}, milliseconds{5}, kNotPlaced, JoinCause::kFork});
  tracker_.put(Pid{2}, {kContainer, StartTime{}, milliseconds{5}, kNotPlaced, JoinCause::kFork});
  tracker_.put(Pid{3}, {kContainer, StartTime{}, milliseconds{50}, kNotPlaced, JoinCause::kFork});
  tracker_.forget_all_but({Pid{1}}, milliseconds{10});
  EXPECT_NE(tracker_.find(Pid{1}), nullptr);
  EXPECT_EQ(tracker_.find(Pid{2}), nullptr);
  EXPECT_NE(tracker_.find(Pid{3}), nullptr);
}

TEST_F(TrackerTest, GivesTheRoomOfAStormBackOnceItsProcessesAreForgotten) {
  constexpr std::int32_t kStorm = 100'000;
  track(kParent, milliseconds{10});
  for (std::int32_t i = 1; i <= kStorm; ++i) {
    EXPECT_EQ(tracker_.on(Forked{kParent, Pid{kParent.value + i}, milliseconds{11}}), std::nullopt);
  }
  EXPECT_GE(tracker_.room(), static_cast<std::size_t>(kStorm));
  tracker_.forget_all_but({kParent}, milliseconds{12});
  EXPECT_EQ(tracker_.size(), 1U);
  EXPECT_LE(tracker_.room(), kRoomKept);
  EXPECT_NE(tracker_.find(kParent), nullptr);
}

TEST_F(TrackerTest, KeepsTheRoomThatIsInUse) {
  constexpr std::int32_t kProcesses = 10'000;
  for (std::int32_t i = 1; i <= kProcesses; ++i) track(Pid{i}, milliseconds{10});
  const std::size_t before = tracker_.room();
  tracker_.forget_all_but({}, milliseconds{1});
  EXPECT_EQ(tracker_.room(), before);
  for (std::int32_t i = 1; i <= kProcesses; ++i) EXPECT_NE(tracker_.find(Pid{i}), nullptr);
}

TEST_F(TrackerTest, ATargetsProcessesGoWithIt) {
  track(kParent, milliseconds{10});
  targets_.observe(tracker_);
  targets_.remove(kContainer);
  EXPECT_EQ(tracker_.size(), 0U);
}

}  // namespace
}  // namespace netclsd
