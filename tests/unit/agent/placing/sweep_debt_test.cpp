#include "agent/placing/sweep_debt.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Outcome = SweepDebt::Outcome;

constexpr MonotonicTime kNow = seconds{100};

class SweepDebtTest : public testing::Test {
 protected:
  void sweep(MonotonicTime at, Outcome outcome) {
    debt_.begin_sweep(at);
    debt_.end_sweep(outcome);
  }
  [[nodiscard]] std::optional<MonotonicTime> due_at() const {
    return debt_.owed() ? std::optional(debt_.owed()->due_at) : std::nullopt;
  }
  [[nodiscard]] SweepCause cause() const { return debt_.owed()->cause; }
  SweepDebt debt_;
};

TEST_F(SweepDebtTest, NothingIsOwedAtFirst) {
  EXPECT_EQ(due_at(), std::nullopt);
  EXPECT_FALSE(debt_.has_loss());
}

TEST_F(SweepDebtTest, ADropIsDueWhenItIsCalmAndAtTheLatestAfterTheLongestWait) {
  EXPECT_TRUE(debt_.note_drop(kNow));
  EXPECT_EQ(due_at(), kNow + SweepDebt::kCalm);
  EXPECT_FALSE(debt_.note_drop(kNow + milliseconds{40})) << "the same episode";
  EXPECT_EQ(due_at(), kNow + milliseconds{40} + SweepDebt::kCalm);
  debt_.note_drop(kNow + milliseconds{990});
  EXPECT_EQ(due_at(), kNow + SweepDebt::kWaitMax);
  sweep(kNow + seconds{1}, Outcome::kClean);
  EXPECT_EQ(due_at(), std::nullopt);
  EXPECT_TRUE(debt_.note_drop(kNow + seconds{2})) << "another episode";
}

TEST_F(SweepDebtTest, SilenceIsDueAtOnceAndNoEpisodeOfDrops) {
  debt_.note_loss(SweepCause::kSilence, kNow);
  EXPECT_EQ(due_at(), kNow);
  EXPECT_TRUE(debt_.has_loss());
  EXPECT_TRUE(debt_.note_drop(kNow + milliseconds{1}));
  EXPECT_EQ(due_at(), kNow) << "no later than it was";
}

TEST_F(SweepDebtTest, WhatIsLostDuringASweepIsOwedAfterIt) {
  debt_.begin_sweep(kNow);
  debt_.note_drop(kNow + milliseconds{1});
  debt_.end_sweep(Outcome::kClean);
  EXPECT_TRUE(debt_.has_loss());
}

TEST_F(SweepDebtTest, StraysAreLookedForLessAndLessOftenAndHoldNobodyBack) {
  debt_.set_pause_max(seconds{1});
  MonotonicTime pause = SweepDebt::kPauseMin;
  for (MonotonicTime at = kNow; at < kNow + seconds{10}; at += seconds{2}) {
    sweep(at, Outcome::kStrays);
    EXPECT_EQ(due_at(), at + std::min(pause, MonotonicTime(seconds{1})));
    EXPECT_FALSE(debt_.has_loss());
    pause *= 2;
  }
  sweep(kNow + seconds{20}, Outcome::kClean);
  sweep(kNow + seconds{30}, Outcome::kStrays);
  EXPECT_EQ(due_at(), kNow + seconds{30} + SweepDebt::kPauseMin) << "a clean sweep ends that";
}

TEST_F(SweepDebtTest, ALossIsMadeGoodInTimeWhateverKeepsLeaving) {
  for (int i = 0; i < 10; ++i) sweep(kNow, Outcome::kStrays);
  debt_.note_drop(kNow + milliseconds{1});
  EXPECT_EQ(due_at(), kNow + milliseconds{1} + SweepDebt::kCalm);
}

TEST_F(SweepDebtTest, ASweepThatFailedLeavesWhatWasOwedOwed) {
  debt_.note_drop(kNow);
  sweep(kNow + seconds{1}, Outcome::kFailed);
  EXPECT_TRUE(debt_.has_loss());
  EXPECT_EQ(cause(), SweepCause::kFailed);
  EXPECT_EQ(due_at(), kNow + seconds{1} + SweepDebt::kPauseMin);
}

TEST_F(SweepDebtTest, ASweepThatFailsAgainAndAgainIsTriedLessAndLessOften) {
  debt_.set_pause_max(seconds{1});
  for (int i = 0; i < 10; ++i) sweep(kNow, Outcome::kFailed);
  EXPECT_EQ(due_at(), kNow + seconds{1});
}

TEST_F(SweepDebtTest, LateRegistrationsAreWaitedForButNotForEver) {
  for (MonotonicTime at = kNow; at < kNow + seconds{2}; at += milliseconds{10}) debt_.note_late_registration(at);
  EXPECT_EQ(due_at(), kNow + SweepDebt::kWaitMax);
  EXPECT_EQ(cause(), SweepCause::kRegistration);
  EXPECT_TRUE(debt_.has_late_registration());
  EXPECT_FALSE(debt_.has_loss()) << "releases sweep first";
  sweep(kNow + seconds{2}, Outcome::kClean);
  EXPECT_FALSE(debt_.has_late_registration());
  debt_.note_late_registration(kNow + seconds{3});
  EXPECT_EQ(due_at(), kNow + seconds{3} + SweepDebt::kCalm);
}

TEST_F(SweepDebtTest, ASweepThatFailedLeavesLateRegistrationsToTheNext) {
  debt_.note_late_registration(kNow);
  sweep(kNow, Outcome::kFailed);
  EXPECT_TRUE(debt_.has_loss());
}

TEST_F(SweepDebtTest, TheCauseIsOfWhatIsDueFirst) {
  sweep(kNow, Outcome::kStrays);
  EXPECT_EQ(cause(), SweepCause::kStrays);
  debt_.note_drop(kNow);
  EXPECT_EQ(cause(), SweepCause::kOverrun);
  debt_.note_loss(SweepCause::kSilence, kNow);
  EXPECT_EQ(cause(), SweepCause::kOverrun) << "which is owed already";
  sweep(kNow, Outcome::kClean);
  debt_.note_loss(SweepCause::kQueueFull, kNow);
  EXPECT_EQ(cause(), SweepCause::kQueueFull);
}

TEST_F(SweepDebtTest, AGroupThatVanishedIsDueAtOnceUnlessItWasSweptForThatLately) {
  sweep(kNow, Outcome::kClean);
  debt_.note_lost_group();
  EXPECT_EQ(due_at(), kNow) << "long past";
  EXPECT_FALSE(debt_.has_loss());
  sweep(kNow + seconds{5}, Outcome::kStrays);
  debt_.note_lost_group();
  EXPECT_EQ(due_at(), kNow + seconds{5} + SweepDebt::kPauseMin);
}

}  // namespace
}  // namespace netclsd
