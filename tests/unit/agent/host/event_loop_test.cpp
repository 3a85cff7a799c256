#include "agent/host/event_loop.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>

namespace netclsd {
namespace {

constexpr std::chrono::milliseconds kNow{0};

UniqueFd readable() { return UniqueFd(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)); }
UniqueFd silent() { return UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

class EventLoopTest : public testing::Test {
 protected:
  EventLoop loop_ = EventLoop::make().value();
};

TEST_F(EventLoopTest, CallsBackWhileADescriptorIsReadable) {
  const UniqueFd event = readable();
  int calls = 0;
  ASSERT_TRUE(loop_.add(event.get(), [&] { ++calls; }).has_value());
  ASSERT_TRUE(loop_.wait(kNow).has_value());
  ASSERT_TRUE(loop_.wait(kNow).has_value());
  EXPECT_EQ(calls, 2);
  loop_.remove(event.get());
  ASSERT_TRUE(loop_.wait(kNow).has_value());
  EXPECT_EQ(calls, 2);
}

TEST_F(EventLoopTest, AMutedDescriptorIsHeardAgainAfterwards) {
  const UniqueFd event = readable();
  int calls = 0;
  ASSERT_TRUE(loop_.add(event.get(), [&] { ++calls; }).has_value());
  loop_.mute(event.get(), true);
  ASSERT_TRUE(loop_.wait(kNow).has_value());
  EXPECT_EQ(calls, 0);
  loop_.mute(event.get(), false);
  ASSERT_TRUE(loop_.wait(kNow).has_value());
  EXPECT_EQ(calls, 1);
}

// Both are readable in one wait. Whichever is called first closes the other, whose number goes to a new descriptor.
TEST_F(EventLoopTest, AnEventOfARemovedDescriptorIsNotToldToTheNextOneWithItsNumber) {
  std::array<UniqueFd, 2> events = {readable(), readable()};
  int calls = 0;
  bool was_next_called = false;
  for (const std::size_t i : {0U, 1U}) {
    ASSERT_TRUE(loop_
                    .add(events.at(i).get(),
                         [&, i] {
                           ++calls;
                           UniqueFd& other = events.at(1 - i);
                           const int number = other.get();
                           loop_.remove(number);
                           other = UniqueFd();
                           other = silent();
                           ASSERT_EQ(other.get(), number);
                           ASSERT_TRUE(loop_.add(number, [&] { was_next_called = true; }).has_value());
                         })
                    .has_value());
  }
  ASSERT_TRUE(loop_.wait(kNow).has_value());
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(was_next_called);
}

}  // namespace
}  // namespace netclsd
