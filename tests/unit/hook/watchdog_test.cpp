#include "hook/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>

namespace netclsd::hook {
namespace {

using namespace std::chrono_literals;

TEST(WatchdogTest, BarksWhenTimeIsUp) {
  std::atomic<bool> barked = false;
  const Watchdog watchdog(Deadline::after(10ms), [&] { barked = true; });
  for (int i = 0; i < 500 && !barked; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(barked);
}

TEST(WatchdogTest, IsSilentOnceStopped) {
  std::atomic<bool> barked = false;
  Watchdog watchdog(Deadline::after(50ms), [&] { barked = true; });
  watchdog.stop();
  std::this_thread::sleep_for(100ms);
  EXPECT_FALSE(barked);
}

}  // namespace
}  // namespace netclsd::hook
