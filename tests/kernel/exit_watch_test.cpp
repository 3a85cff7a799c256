#include "agent/kernel/exit_watch.h"

#include <gmock/gmock.h>

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

}  // namespace
}  // namespace netclsd
