#include "agent/event_stream.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/kernel_fixture.h"

namespace netclsd {
namespace {

class CountingSink : public EventSink {
 public:
  void on_event(const ProcessEvent&) override { ++events; }
  void on_dropped(std::uint64_t n) override { dropped += n; }
  std::uint64_t events = 0;
  std::uint64_t dropped = 0;
};

class EventStreamTest : public KernelTest {
 protected:
  EventStream stream(std::uint64_t buffer_bytes = 4U << 20) {
    return {loop_, procfs_.root(), counters_, {.self = Pid{::getpid()}, .receive_buffer_bytes = buffer_bytes}};
  }

  // What a subscription says in a child that ran `enter` first: empty if it worked.
  std::string error_after(int flags, bool with_fork) {
    int channel[2];
    EXPECT_EQ(::pipe(channel), 0);
    const TestProcess child([&] {
      std::string text = ::unshare(flags) == 0 ? "" : "unshare failed";
      // A new pid namespace holds only the children of who made it.
      if (with_fork && ::fork() != 0) {
        ::wait(nullptr);
        ::_exit(0);
      }
      EventStream subscriber(loop_, procfs_.root(), counters_, {.self = Pid{::getpid()}});
      if (const auto subscribed = subscriber.subscribe(); !subscribed) text += subscribed.error().message();
      static_cast<void>(!::write(channel[1], text.data(), text.size()));
      ::_exit(0);
    });
    ::close(channel[1]);
    char buffer[1024];
    const ssize_t size = ::read(channel[0], buffer, sizeof buffer);
    ::close(channel[0]);
    return {buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

  EventLoop loop_ = EventLoop::make().value();
  Counters counters_;
};

TEST_F(EventStreamTest, DeliversEventsAndCountsThem) {
  EventStream events = stream();
  ASSERT_TRUE(events.subscribe().has_value());
  CountingSink sink;
  const TestProcess child = TestProcess::sleeping();
  events.drain(sink);
  EXPECT_GE(sink.events, 1U);
  EXPECT_EQ(sink.events, counters_.events[EventLabel::kFork].value() + counters_.events[EventLabel::kExec].value());
}

TEST_F(EventStreamTest, ReportsDrops) {
  EventStream events = stream(4'096);
  ASSERT_TRUE(events.subscribe().has_value());
  for (int i = 0; i < 200; ++i) TestProcess([] {}).kill_and_reap();
  CountingSink sink;
  events.drain(sink);
  EXPECT_GT(sink.dropped, 0U);
}

TEST_F(EventStreamTest, ItsPulseIsAliveWhileCanariesAreHeard) {
  EventStream events = stream();
  ASSERT_TRUE(events.subscribe().has_value());
  CountingSink sink;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(events.check_pulse(), EventStream::Pulse::kAlive);
    events.drain(sink);
  }
  EXPECT_EQ(counters_.canary_misses.value(), 0U);
}

TEST_F(EventStreamTest, AMissedCanaryIsCountedAndHealedByANewSubscription) {
  EventStream events = stream();
  ASSERT_TRUE(events.subscribe().has_value());
  EXPECT_EQ(events.check_pulse(), EventStream::Pulse::kAlive);
  EXPECT_EQ(events.check_pulse(), EventStream::Pulse::kHealed) << "nobody drained: the canary was not heard";
  EXPECT_EQ(counters_.canary_misses.value(), 1U);
  EXPECT_EQ(counters_.resubscriptions.value(), 1U);
  CountingSink sink;
  const TestProcess child = TestProcess::sleeping();
  events.drain(sink);
  EXPECT_GE(sink.events, 1U);
}

TEST_F(EventStreamTest, SaysWhichNamespaceIsInTheWay) {
  EXPECT_NE(error_after(CLONE_NEWNET, false).find("not the host's network namespace"), std::string::npos);
  EXPECT_NE(error_after(CLONE_NEWPID, true).find("pid namespace of its own"), std::string::npos);
  EXPECT_NE(error_after(CLONE_NEWUSER, false).find("user namespace of its own"), std::string::npos);
}

}  // namespace
}  // namespace netclsd
