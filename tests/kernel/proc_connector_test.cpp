#include "agent/events/proc_connector.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "tests/kernel/kernel_fixture.h"
#include "tests/unit/common/fault_in_test.h"

namespace netclsd {
namespace {

class ProcConnectorTest : public KernelTest {
 protected:
  ProcConnector subscribed(std::uint64_t buffer_bytes = 4U << 20) {
    auto connector = ProcConnector::open(Pid{::getpid()}, buffer_bytes).value();
    EXPECT_TRUE(connector.request_events().has_value());
    const auto answered = connector.await_acknowledgement(std::chrono::milliseconds{500});
    EXPECT_TRUE(answered.has_value()) << (answered ? "" : answered.error().message());
    return connector;
  }

  static std::vector<ConnectorMessage> drained(ProcConnector& connector) {
    std::vector<ConnectorMessage> messages;
    for (bool has_more = true; has_more;) {
      const ConnectorBatch batch = connector.take();
      messages.insert(messages.end(), batch.messages.begin(), batch.messages.end());
      has_more = batch.has_more;
    }
    return messages;
  }

  static bool has_fork(const std::vector<ConnectorMessage>& messages, Pid child) {
    return std::any_of(messages.begin(), messages.end(), [&](const ConnectorMessage& message) {
      const auto* forked = std::get_if<Forked>(&message);
      return forked && forked->parent == Pid{::getpid()} && forked->child == child;
    });
  }
};

TEST_F(ProcConnectorTest, HearsAForkBeforeTheChildIsReaped) {
  ProcConnector connector = subscribed();
  const TestProcess child = TestProcess::sleeping();
  EXPECT_TRUE(has_fork(drained(connector), child.pid())) << "queued before the child first runs";
}

TEST_F(ProcConnectorTest, HearsAnExecOfTheWholeThreadGroup) {
  ProcConnector connector = subscribed();
  const TestProcess child([] { ::execl("/bin/sleep", "sleep", "100", nullptr); });
  EXPECT_TRUE(eventually([&] {
    const auto messages = drained(connector);
    return std::any_of(messages.begin(), messages.end(), [&](const ConnectorMessage& message) {
      const auto* execed = std::get_if<Execed>(&message);
      return execed && execed->pid == child.pid();
    });
  }));
}

// What passes the filter without need arrives as OtherEvent, whatever process it is of.
TEST_F(ProcConnectorTest, ThreadsAreDroppedInTheKernel) {
  ProcConnector connector = subscribed();
  for (int i = 0; i < 20; ++i) std::thread([] {}).join();
  const TestProcess child = TestProcess::sleeping();
  const auto messages = drained(connector);
  EXPECT_TRUE(has_fork(messages, child.pid())) << "which came after the threads";
  EXPECT_EQ(std::count_if(messages.begin(), messages.end(),
                          [](const ConnectorMessage& m) { return std::holds_alternative<OtherEvent>(m); }),
            0);
}

TEST_F(ProcConnectorTest, HearsItsOwnCanary) {
  ProcConnector connector = subscribed();
  send_canary();
  const auto messages = drained(connector);
  EXPECT_TRUE(std::any_of(messages.begin(), messages.end(),
                          [](const ConnectorMessage& m) { return std::holds_alternative<Renamed>(m); }));
}

TEST_F(ProcConnectorTest, CountsWhatTheKernelDropped) {
  ProcConnector connector = subscribed(4'096);
  EXPECT_EQ(connector.take_drops(), 0U);
  for (int i = 0; i < 200; ++i) {
    const int child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
  }
  EXPECT_GT(connector.take_drops(), 0U);
  EXPECT_EQ(connector.take_drops(), 0U) << "each drop is told once";
  drained(connector);
  const TestProcess child = TestProcess::sleeping();
  EXPECT_TRUE(has_fork(drained(connector), child.pid())) << "an overflow does not make it deaf";
}

TEST_F(ProcConnectorTest, WhatIsLostWhileReceivingIsCountedAsDropped) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  ProcConnector connector = subscribed();
  drained(connector);
  EXPECT_EQ(connector.take_drops(), 0U);
  const FaultInTest fault(FaultPoint::kEventReceive, ENOBUFS);
  const TestProcess child = TestProcess::sleeping();
  EXPECT_FALSE(has_fork(drained(connector), child.pid()));
  EXPECT_GT(connector.take_drops(), 0U);
  EXPECT_EQ(connector.take_drops(), 0U) << "each drop is told once";
}

TEST_F(ProcConnectorTest, ADropCounterThatCannotBeReadIsReadTheNextTime) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  ProcConnector connector = subscribed(4'096);
  for (int i = 0; i < 200; ++i) TestProcess::sleeping();
  const FaultInTest fault(FaultPoint::kDropCounter, ENOBUFS);
  EXPECT_EQ(connector.take_drops(), 0U);
  EXPECT_GT(connector.take_drops(), 0U);
}

TEST_F(ProcConnectorTest, GrantsTheBufferThatWasAskedFor) {
  EXPECT_EQ(ProcConnector::open(Pid{::getpid()}, 64U << 20).value().receive_buffer_bytes(), 128U << 20);
}

TEST_F(ProcConnectorTest, IgnoresWhatUserSpaceSends) {
  ProcConnector connector = subscribed();
  sockaddr_nl address{};
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(connector.fd(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const UniqueFd forger(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR));
  std::byte fork_event[76] = {};
  fork_event[0] = std::byte{76};
  fork_event[16] = std::byte{1};
  fork_event[20] = std::byte{1};
  fork_event[36] = std::byte{1};
  drained(connector);
  const auto sent =
      ::sendto(forger.get(), fork_event, sizeof fork_event, 0, reinterpret_cast<sockaddr*>(&address), size);
  ASSERT_EQ(sent, static_cast<ssize_t>(sizeof fork_event));
  for (const ConnectorMessage& message : drained(connector)) {
    const auto* forked = std::get_if<Forked>(&message);
    EXPECT_TRUE(forked == nullptr || forked->child != Pid{0});
  }
}

}  // namespace
}  // namespace netclsd
