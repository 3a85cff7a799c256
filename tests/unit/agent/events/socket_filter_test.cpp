#include "agent/events/socket_filter.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/events/event_decoder.h"
#include "tests/unit/agent/events/connector_datagram.h"

namespace netclsd {
namespace {

constexpr Pid kSelf{4711};

std::uint32_t what(EventKind kind) { return row_of(kind).what; }

// The kernel itself runs the filter, on a socket pair.
class SocketFilterTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair_), 0);
    auto filter = event_filter(kSelf);
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    ASSERT_EQ(::setsockopt(pair_[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
  }
  void TearDown() override {
    ::close(pair_[0]);
    ::close(pair_[1]);
  }

  bool lets_through(std::uint32_t kind, const std::vector<std::uint32_t>& data) {
    const auto sent = connector_datagram(kind, 1, data);
    static_cast<void>(::send(pair_[0], sent.data(), sent.size(), 0));  // EPERM tells of a filter that dropped it
    std::byte received[128];
    return ::recv(pair_[1], received, sizeof received, 0) == static_cast<ssize_t>(sent.size());
  }

  int pair_[2] = {-1, -1};
};

TEST_F(SocketFilterTest, LetsForksOfProcessesThroughAndNotOfThreads) {
  EXPECT_TRUE(lets_through(what(EventKind::kFork), {10, 10, 21, 21}));
  EXPECT_FALSE(lets_through(what(EventKind::kFork), {10, 10, 22, 21}));
}

TEST_F(SocketFilterTest, LetsExecsAndAcknowledgementsThrough) {
  EXPECT_TRUE(lets_through(what(EventKind::kExec), {10, 10}));
  EXPECT_TRUE(lets_through(what(EventKind::kAcknowledgement), {0}));
}

TEST_F(SocketFilterTest, LetsOnlyOurOwnRenamesThrough) {
  EXPECT_TRUE(lets_through(what(EventKind::kComm), {4711, 4711}));
  EXPECT_FALSE(lets_through(what(EventKind::kComm), {4712, 4712}));
}

TEST_F(SocketFilterTest, DropsTheRest) {
  for (const std::uint32_t other : {0x4U, 0x40U, 0x80U, 0x100U, 0x4000'0000U, 0x8000'0000U}) {
    EXPECT_FALSE(lets_through(other, {4711, 4711, 4711, 4711})) << other;
  }
}

}  // namespace
}  // namespace netclsd
