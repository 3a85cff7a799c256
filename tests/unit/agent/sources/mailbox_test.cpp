#include "agent/sources/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

namespace netclsd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class MailboxTest : public testing::Test {
 protected:
  bool has_mail(int timeout_ms = 0) {
    pollfd waiting{mailbox_->fd(), POLLIN, 0};
    return ::poll(&waiting, 1, timeout_ms) == 1;
  }
  // Until so many wait, or for so long that they never will.
  void wait_for_calls(std::size_t calls) {
    const auto end = std::chrono::steady_clock::now() + seconds{5};
    while (mailbox_->waiting() < calls && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  }
  std::unique_ptr<Mailbox> mailbox_ = std::move(*Mailbox::create(2));
};

TEST_F(MailboxTest, TheLoopThreadRunsTheClosureAndTheCallerGetsItsResult) {
  std::thread loop([this] {
    while (!has_mail(1000)) continue;
    mailbox_->run_some();
  });
  const auto ran_on = mailbox_->call([] { return std::this_thread::get_id(); }, seconds{5});
  ASSERT_TRUE(ran_on);
  EXPECT_EQ(*ran_on, loop.get_id());
  loop.join();
  EXPECT_FALSE(has_mail());
}

TEST_F(MailboxTest, ResultsErrorsAndNothingComeBackAsTheyAre) {
  std::atomic<bool> is_over = false;
  std::thread loop([&] {
    while (!is_over) {
      if (has_mail(10)) mailbox_->run_some();
    }
  });
  const Result<int> value = mailbox_->call([] { return Result<int>(7); }, seconds{5});
  EXPECT_EQ(value.value(), 7);
  const Result<int> error = mailbox_->call([] { return Result<int>(failure(ErrorCode::kConflict, "x")); }, seconds{5});
  EXPECT_EQ(error.error().code(), ErrorCode::kConflict);
  const Result<void> nothing = mailbox_->call([] {}, seconds{5});
  EXPECT_TRUE(nothing);
  const auto moved = mailbox_->call([p = std::make_unique<int>(3)]() mutable { return std::move(p); }, seconds{5});
  EXPECT_EQ(**moved, 3);
  is_over = true;
  loop.join();
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): it does not see that `moved` owns it

TEST_F(MailboxTest, ACallerThatGaveUpIsUnavailableAndItsClosureIsSkipped) {
  bool has_run = false;
  const auto result = mailbox_->call([&has_run] { has_run = true; }, milliseconds{10});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(has_mail());
  mailbox_->run_some();
  EXPECT_FALSE(has_run);
}

TEST_F(MailboxTest, AnAnswerThatComesTooLateIsDropped) {
  std::atomic<bool> may_end = false;
  std::thread loop([this] {
    while (!has_mail(1000)) continue;
    mailbox_->run_some();
  });
  // Not [&]: the closure must not refer to a stack that has gone, and neither must this test.
  const auto result = mailbox_->call(
      [&may_end] {
        may_end.wait(false);
        return std::string(1000, 'x');
      },
      milliseconds{20});
  EXPECT_EQ(result.error().code(), ErrorCode::kUnavailable);
  may_end = true;
  may_end.notify_all();
  loop.join();
}

TEST_F(MailboxTest, AFullMailboxRefusesAtOnce) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(mailbox_->call([] {}, milliseconds{1}));
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto result = mailbox_->call([] {}, seconds{10});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "the agent is busy: too many requests");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds{5});
}

// However many look: whoever is urgent waits for one of them at most.
TEST_F(MailboxTest, WhatIsUrgentGoesFirstAndOfTheRestOneAtATime) {
  mailbox_ = std::move(*Mailbox::create());
  std::vector<std::string> ran;
  std::vector<std::thread> callers;
  const auto call_as = [&](const std::string& name, Mailbox::Urgency urgency) {
    std::atomic<bool> has_begun = false;
    callers.emplace_back([&, name, urgency] {
      has_begun = true;
      has_begun.notify_all();
      EXPECT_TRUE(mailbox_->call([&ran, name] { ran.push_back(name); }, seconds{10}, urgency));
    });
    has_begun.wait(false);
  };
  for (const char* name : {"look", "look", "look"}) call_as(name, Mailbox::Urgency::kPatient);
  wait_for_calls(3);
  for (const char* name : {"hook", "hook"}) call_as(name, Mailbox::Urgency::kUrgent);
  wait_for_calls(5);
  mailbox_->run_some();
  EXPECT_EQ(ran, (std::vector<std::string>{"hook", "hook", "look"}));
  EXPECT_TRUE(has_mail());
  call_as("hook", Mailbox::Urgency::kUrgent);
  wait_for_calls(3);
  mailbox_->run_some();
  EXPECT_EQ(ran, (std::vector<std::string>{"hook", "hook", "look", "hook", "look"}));
  mailbox_->run_some();
  EXPECT_EQ(ran.size(), 6U);
  EXPECT_FALSE(has_mail());
  for (std::thread& caller : callers) caller.join();
}

TEST_F(MailboxTest, ManyWhoLookLeaveRoomForWhatIsUrgent) {
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(mailbox_->call([] {}, milliseconds{1}, Mailbox::Urgency::kPatient));
  bool has_run = false;
  std::thread loop([this] {
    wait_for_calls(3);
    mailbox_->run_some();
  });
  EXPECT_TRUE(mailbox_->call([&has_run] { has_run = true; }, seconds{10}));
  EXPECT_TRUE(has_run);
  loop.join();
}

TEST_F(MailboxTest, ClosingWakesWaitingCallersAndRefusesLaterOnes) {
  std::thread closer([this] {
    while (!has_mail(1000)) continue;
    mailbox_->close();
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto waiting = mailbox_->call([] {}, seconds{10});
  const auto later = mailbox_->call([] {}, seconds{10});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds{5});
  EXPECT_EQ(waiting.error().message(), "the agent is stopping");
  EXPECT_EQ(later.error().message(), "the agent is stopping");
  closer.join();
}

TEST_F(MailboxTest, ManyCallersAllGetTheirOwnAnswer) {
  mailbox_ = std::move(*Mailbox::create());
  std::atomic<bool> is_over = false;
  std::thread loop([&] {
    while (!is_over) {
      if (has_mail(10)) mailbox_->run_some();
    }
  });
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([this, i] {
      for (int k = 0; k < 200; ++k)
        EXPECT_EQ(mailbox_->call([i, k] { return i * 1000 + k; }, seconds{10}), i * 1000 + k);
    });
  }
  for (auto& caller : callers) caller.join();
  is_over = true;
  loop.join();
}

}  // namespace
}  // namespace netclsd
