#include "agent/events/nap.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

using std::chrono::milliseconds;

TEST(NapTest, WhileLittleHappensTheLoopReactsAtOnce) {
  Nap nap;
  EXPECT_FALSE(nap.is_due(milliseconds{1'000}, 0));
  for (int ms = 1; ms < 100; ++ms) {
    EXPECT_FALSE(nap.is_due(milliseconds{1'000 + ms}, static_cast<std::uint64_t>(3 * ms))) << ms;
  }
}

TEST(NapTest, ABurstShorterThanTheWindowDoesNotMakeItSleep) {
  Nap nap;
  EXPECT_FALSE(nap.is_due(milliseconds{1'000}, 0));
  EXPECT_FALSE(nap.is_due(milliseconds{1'001}, 39));
  EXPECT_FALSE(nap.is_due(milliseconds{1'010}, 39));
}

TEST(NapTest, InAStormItSleepsAndAfterItReactsAtOnceAgain) {
  Nap nap;
  EXPECT_FALSE(nap.is_due(milliseconds{1'000}, 0));
  EXPECT_TRUE(nap.is_due(milliseconds{1'010}, 40));
  EXPECT_TRUE(nap.is_due(milliseconds{1'015}, 40)) << "until the window is over";
  EXPECT_FALSE(nap.is_due(milliseconds{1'021}, 83));
}

TEST(NapTest, ALengthOfZeroMeansNever) {
  Nap nap;
  nap.set_length(milliseconds{0});
  EXPECT_FALSE(nap.is_due(milliseconds{1'000}, 0));
  EXPECT_FALSE(nap.is_due(milliseconds{1'010}, 1'000'000));
}

}  // namespace
}  // namespace netclsd
