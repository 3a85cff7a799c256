#include "agent/events/event_stream.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>

#include "agent/host/surroundings.h"
#include "common/base/fault_point.h"
#include "common/base/sanitizer.h"
#include "common/sandbox/capabilities.h"
#include "tests/kernel/kernel_fixture.h"
#include "tests/unit/common/fault_in_test.h"

namespace netclsd {
namespace {

struct Drained {
  std::size_t events = 0;
  std::uint64_t dropped = 0;
};

Drained drain(EventStream& stream) {
  Drained all;
  for (bool has_more = true; has_more;) {
    const EventBatch batch = stream.take();
    all.events += batch.events.size();
    all.dropped += batch.dropped;
    has_more = batch.has_more;
  }
  return all;
}

// tests/support/silencer.cpp, which any user may run since 6.6. Makes the connector speak again at the end, with as
// many listeners counted as before.
class Silence {
 public:
  explicit Silence(int depth) : counted_(number_after("silence", depth)) {}
  ~Silence() { number_after("restore", counted_); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

  [[nodiscard]] bool is_made() const { return counted_ > 0; }
  static void end() { number_after("restore", 0); }

 private:
  // What it prints is "… after=N"; -1 if it failed.
  static int number_after(const char* command, int argument) {
    FILE* output = ::popen((NETCLSD_SILENCER " " + std::string(command) + " " + std::to_string(argument)).c_str(), "r");
    int number = -1;
    if (std::fscanf(output, "%*s after=%d", &number) != 1) number = -1;
    return ::pclose(output) == 0 ? number : -1;
  }

  int counted_;
};

class EventStreamTest : public KernelTest {
 protected:
  EventStream stream(std::uint64_t buffer_bytes = 4U << 20) {
    return {loop_, procfs_.root(), counters_, {.self = Pid{::getpid()}, .receive_buffer_bytes = buffer_bytes}};
  }

  void SetUp() override {
    KernelTest::SetUp();
    ASSERT_EQ(std::sscanf(kernel_release().c_str(), "%d.%d", &major_, &minor_), 2);
  }
  // Before 6.6 nobody can silence the connector without CAP_NET_ADMIN.
  bool can_be_silenced() const { return major_ > 6 || (major_ == 6 && minor_ >= 6); }

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
  int major_ = 0;
  int minor_ = 0;
};

TEST_F(EventStreamTest, DeliversEventsAndCountsThem) {
  EventStream events = stream();
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  const TestProcess child = TestProcess::sleeping();
  const std::size_t delivered = drain(events).events;
  EXPECT_GE(delivered, 1U);
  EXPECT_EQ(delivered, counters_.events[EventLabel::kFork].value() + counters_.events[EventLabel::kExec].value());
}

TEST_F(EventStreamTest, ReportsDrops) {
  EventStream events = stream(4'096);
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  for (int i = 0; i < 200; ++i) TestProcess([] {}).kill_and_reap();
  EXPECT_GT(drain(events).dropped, 0U);
}

// A page about another kernel would not tell: an event takes another share of the buffer there.
TEST_F(EventStreamTest, MeasuresHowManyEventsItsBufferHolds) {
  EventStream events = stream(1U << 20);
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  drain(events);
  ASSERT_EQ(events.check_pulse(), Pulse::kAlive);
  const std::uint64_t capacity = counters_.receive_buffer_events.value();
  ASSERT_GT(capacity, 0U);
  std::printf("%llu bytes hold %llu events: %llu bytes each\n",
              static_cast<unsigned long long>(counters_.receive_buffer_bytes.value()),
              static_cast<unsigned long long>(capacity),
              static_cast<unsigned long long>(counters_.receive_buffer_bytes.value() / capacity));
  drain(events);
  const std::uint64_t received_before = events.received();
  for (std::uint64_t i = 0; i < 2 * capacity; ++i) send_canary();
  EXPECT_GE(drain(events).dropped, capacity * 9 / 10) << "it was full";
  const auto held = static_cast<double>(events.received() - received_before);
  // Events of other processes come in while it is drained.
  EXPECT_NEAR(held, static_cast<double>(capacity), 0.05 * static_cast<double>(capacity));
}

TEST_F(EventStreamTest, ItsPulseIsAliveWhileCanariesAreHeard) {
  EventStream events = stream();
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  EXPECT_GT(counters_.canary_round_trip_ns.value(), 0U) << "of the first one";
  counters_.canary_round_trip_ns.set(0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(events.check_pulse(), Pulse::kAlive);
  EXPECT_GT(counters_.canary_round_trip_ns.value(), 0U);
  EXPECT_EQ(counters_.receive_buffer_asked_bytes.value(), 8U << 20) << "the kernel doubles what is asked for";
  EXPECT_EQ(counters_.canary_misses.value(), 0U);
}

TEST_F(EventStreamTest, ItsPulseDeliversWhatHasArrived) {
  EventStream events = stream();
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  const TestProcess child = TestProcess::sleeping();
  EXPECT_EQ(events.check_pulse(), Pulse::kAlive);
  EXPECT_GE(drain(events).events, 1U);
}

TEST_F(EventStreamTest, ACanaryThatIsDroppedForWantOfRoomIsNoSilence) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  EventStream events = stream();
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  const auto heard_before = counters_.events[EventLabel::kComm].value();
  drain(events);
  set_fault_handler(
      [](FaultPoint point) { return point == FaultPoint::kEventReceive ? std::optional(ENOBUFS) : std::nullopt; });
  EXPECT_EQ(events.check_pulse(), Pulse::kAlive);
  set_fault_handler({});
  EXPECT_EQ(counters_.events[EventLabel::kComm].value(), heard_before) << "the canary was to be dropped";
  EXPECT_GT(drain(events).dropped, 0U);
  EXPECT_EQ(counters_.canary_misses.value(), 0U);
}

TEST_F(EventStreamTest, SilenceIsNoticedAtTheFirstCanaryAndHealedByANewSubscription) {
  if (!can_be_silenced()) GTEST_SKIP() << "only since 6.6 may anybody unsubscribe";
  EventStream events = stream();
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  EXPECT_EQ(events.check_pulse(), Pulse::kAlive);
  const Silence silence(0);
  ASSERT_TRUE(silence.is_made());
  EXPECT_EQ(events.check_pulse(), Pulse::kHealed);
  EXPECT_EQ(counters_.canary_misses.value(), 1U);
  EXPECT_GE(counters_.resubscriptions.value(), 1U);
  EXPECT_EQ(events.check_pulse(), Pulse::kAlive);
  drain(events);
  const TestProcess child = TestProcess::sleeping();
  EXPECT_GE(drain(events).events, 1U);
}

// Any user can do this before an agent starts; a new start would add one listener each time.
TEST_F(EventStreamTest, SilenceBeforeTheFirstSubscriptionIsHealedWithoutAnother) {
  if (!can_be_silenced()) GTEST_SKIP() << "only since 6.6 may anybody unsubscribe";
  const Silence silence(30);
  ASSERT_TRUE(silence.is_made());
  EventStream events = stream();
  EXPECT_EQ(events.subscribe().value(), Pulse::kDeaf);
  EXPECT_EQ(counters_.canary_misses.value(), 0U) << "none was sent yet";
  EXPECT_EQ(events.subscribe_patiently(), Pulse::kHealed);
  EXPECT_EQ(counters_.canary_misses.value(), 1U);
  EXPECT_GE(counters_.resubscriptions.value(), 30U);
  EXPECT_EQ(events.check_pulse(), Pulse::kAlive);
  const TestProcess child = TestProcess::sleeping();
  EXPECT_GE(drain(events).events, 1U);
}

// Nobody waits for what cannot come.
TEST_F(EventStreamTest, InSilenceTooSaysWhichNamespaceIsInTheWay) {
  if (!can_be_silenced()) GTEST_SKIP() << "only since 6.6 may anybody unsubscribe";
  const Silence silence(30);
  ASSERT_TRUE(silence.is_made());
  EXPECT_NE(error_after(CLONE_NEWNET, false).find("not the host's network namespace"), std::string::npos);
  EXPECT_NE(error_after(CLONE_NEWPID, true).find("pid namespace of its own"), std::string::npos);
}

// A new socket's buffer would be a small one.
TEST_F(EventStreamTest, ItIsHealedWithoutACapabilityAndKeepsItsLargeBuffer) {
  if (!can_be_silenced()) GTEST_SKIP() << "only since 6.6 may anybody unsubscribe";
  EventStream events = stream();
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  const auto buffer_bytes = counters_.receive_buffer_bytes.value();
  const Silence silence(20);
  ASSERT_TRUE(silence.is_made());
  EXPECT_EQ(works_without_net_admin([&] { return events.check_pulse() == Pulse::kHealed; }), true);
  EXPECT_GT(counters_.resubscriptions.value(), 20U);
  EXPECT_EQ(counters_.receive_buffer_bytes.value(), buffer_bytes);
  EXPECT_GT(buffer_bytes, 1U << 20) << "as large as no socket without CAP_NET_ADMIN has it";
  EXPECT_EQ(events.check_pulse(), Pulse::kAlive);
  drain(events);
  const TestProcess child = TestProcess::sleeping();
  EXPECT_GE(drain(events).events, 1U);
}

// Whether it can is tried, and not read from the kernel's version.
TEST_F(EventStreamTest, WithoutACapabilityItSubscribesSince66) {
  EventStream events = stream();
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  EXPECT_TRUE(events.can_subscribe_anew());
  EXPECT_EQ(works_without_net_admin([&] { return events.can_subscribe_anew(); }), can_be_silenced());
}

// Whoever came in while it was deaf is not known, whoever ended the silence.
TEST_F(EventStreamTest, ASilenceThatSomebodyElseEndsIsHealedToo) {
  if (!can_be_silenced()) GTEST_SKIP() << "only since 6.6 may anybody unsubscribe";
  EventStream events = stream();
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  const Silence silence(5'000);
  ASSERT_TRUE(silence.is_made());
  EXPECT_EQ(events.check_pulse(), Pulse::kDeaf);
  Silence::end();
  EXPECT_EQ(events.check_pulse(), Pulse::kHealed);
  EXPECT_EQ(counters_.canary_misses.value(), 1U);
  EXPECT_EQ(events.check_pulse(), Pulse::kAlive);
}

// Nothing arrives at its first socket any more, but at a new one.
TEST_F(EventStreamTest, ANewSocketThatCannotBeWatchedLeavesItDeafUntilTheNextSecond) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const UniqueFd next(::dup(0));
  const int first_socket = next.get() + 1;
  EventStream events = stream();
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  constexpr int kGroup = CN_IDX_PROC;
  ASSERT_EQ(::setsockopt(first_socket, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &kGroup, sizeof kGroup), 0);
  {
    const FaultInTest fault(FaultPoint::kLoopWatch, ENOMEM);
    EXPECT_EQ(events.check_pulse(), Pulse::kDeaf);
    EXPECT_EQ(events.deaf_because(), "watch a descriptor: Cannot allocate memory");
  }
  EXPECT_EQ(events.check_pulse(), Pulse::kHealed);
  EXPECT_EQ(events.check_pulse(), Pulse::kAlive);
}

TEST_F(EventStreamTest, ASocketThatCannotBeWatchedFailsTheStart) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  EventStream events = stream();
  const FaultInTest fault(FaultPoint::kLoopWatch, ENOMEM);
  const auto subscribed = events.subscribe();
  ASSERT_FALSE(subscribed);
  EXPECT_EQ(subscribed.error().message(), "cannot follow process events: watch a descriptor: Cannot allocate memory");
}

TEST_F(EventStreamTest, SaysWhichNamespaceIsInTheWay) {
  EXPECT_NE(error_after(CLONE_NEWNET, false).find("not the host's network namespace"), std::string::npos);
  EXPECT_NE(error_after(CLONE_NEWPID, true).find("pid namespace of its own"), std::string::npos);
  if (kIsSanitized) return;  // a new user namespace is for a process of one thread, and the sanitizer has its own
  EXPECT_NE(error_after(CLONE_NEWUSER, false).find("user namespace of its own"), std::string::npos);
}

}  // namespace
}  // namespace netclsd
