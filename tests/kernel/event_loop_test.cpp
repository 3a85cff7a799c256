#include "agent/host/event_loop.h"

#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include "tests/kernel/kernel_fixture.h"

namespace netclsd {
namespace {

using testing::ElementsAre;

class ExitWatchTest : public KernelTest {
 protected:
  EventLoop loop_ = EventLoop::make().value();
  std::vector<Pid> ended_;
  PidfdExitWatch watch_{loop_, [this](Pid pid) { ended_.push_back(pid); }};
};

TEST_F(ExitWatchTest, TellsOfAnEndOnce) {
  TestProcess process = TestProcess::sleeping();
  const Pid pid = process.pid();
  ASSERT_TRUE(watch_.watch(pid).value());
  ASSERT_TRUE(loop_.wait(std::chrono::milliseconds{0}).has_value());
  EXPECT_TRUE(ended_.empty());
  process.kill_and_reap();
  ASSERT_TRUE(loop_.wait(std::chrono::milliseconds{1'000}).has_value());
  ASSERT_TRUE(loop_.wait(std::chrono::milliseconds{0}).has_value());
  EXPECT_THAT(ended_, ElementsAre(pid));
}

TEST_F(ExitWatchTest, AnEndedProcessCannotBeWatched) {
  TestProcess process = TestProcess::sleeping();
  const Pid pid = process.pid();
  process.kill_and_reap();
  EXPECT_FALSE(watch_.watch(pid).value());
}

TEST_F(ExitWatchTest, AForgottenProcessEndsUnheard) {
  TestProcess process = TestProcess::sleeping();
  ASSERT_TRUE(watch_.watch(process.pid()).value());
  watch_.forget(process.pid());
  process.kill_and_reap();
  ASSERT_TRUE(loop_.wait(std::chrono::milliseconds{10}).has_value());
  EXPECT_TRUE(ended_.empty());
}

// sched_attr has its runtime at byte 24. Its header cannot be included beside sched.h, which gtest needs.
std::uint64_t slice_ns() {
  std::array<std::uint64_t, 8> now{};
  if (::syscall(SYS_sched_getattr, 0, now.data(), sizeof now, 0U) != 0) return 0;
  return now[3];
}

TEST(SchedulingTest, TheKernelGrantsTheShortestSliceAndTakesItBack) {
  const std::uint64_t ordinary = slice_ns();
  if (ordinary == 0) GTEST_SKIP() << "this kernel knows no slice for ordinary threads (Linux 6.12)";
  ask_for(Turns::kShort);
  EXPECT_EQ(slice_ns(), 100'000U);
  ask_for(Turns::kOrdinary);
  EXPECT_EQ(slice_ns(), ordinary);
}

}  // namespace
}  // namespace netclsd
