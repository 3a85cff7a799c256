#include "agent/sources/carry_wait.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::steady_clock;
using std::chrono::system_clock;

class CarryWaitTest : public testing::Test {
 protected:
  void set_carrier(const std::string& state) { carrier_.set(CarryView{.state = state}); }
  void say_looked(LookedTime at) {
    ASSERT_TRUE(write_atomically_at(directory_, kCarryLookedName, looked_text(at), 0600));
  }
  // True: it has waited in vain.
  bool is_late(LookedTime registered_at = system_clock::now(), milliseconds max = CarryWait::kMax) {
    return is_late(wait(max), registered_at);
  }
  bool is_late(const CarryWait& wait, LookedTime registered_at = system_clock::now()) {
    const auto before = counters_.carry_late.value();
    wait.wait(registered_at);
    return counters_.carry_late.value() > before;
  }
  CarryWait wait(milliseconds max) { return CarryWait(directory_, carrier_, counters_, max); }

 private:
  TemporaryDirectory place_;
  UniqueFd directory_ = *open_directory(place_.path());
  Board<std::optional<CarryView>> carrier_;
  Counters counters_;
};

TEST_F(CarryWaitTest, WithoutACarrierThatRunsNobodyWaits) {
  EXPECT_FALSE(is_late());
  for (const char* state : {"gone", "failed", "unreadable"}) {
    set_carrier(state);
    EXPECT_FALSE(is_late()) << state;
  }
}

TEST_F(CarryWaitTest, ACarrierThatHasLookedLaterIsEnough) {
  set_carrier("ok");
  say_looked(system_clock::now() + hours{1});
  EXPECT_FALSE(is_late());
}

TEST_F(CarryWaitTest, ALookThatWasOverBeforeInitWasPlacedIsEnough) {
  set_carrier("ok");
  say_looked(system_clock::now() - hours{1});
  EXPECT_FALSE(is_late(system_clock::now() - hours{2}));
}

TEST_F(CarryWaitTest, OneThatLooksWhileSomebodyWaitsEndsTheWait) {
  set_carrier("degraded");
  say_looked(system_clock::now() - hours{1});
  std::thread carrier([this] {
    std::this_thread::sleep_for(milliseconds{10});
    say_looked(system_clock::now() + hours{1});
  });
  EXPECT_FALSE(is_late(system_clock::now(), minutes{1})) << "not a question of time, on however busy a machine";
  carrier.join();
}

TEST_F(CarryWaitTest, OneThatDoesNotLookIsGivenUpAndCounted) {
  set_carrier("ok");
  EXPECT_TRUE(is_late()) << "there is no file";
  say_looked(system_clock::now() - hours{1});
  const auto began_at = steady_clock::now();
  EXPECT_TRUE(is_late());
  EXPECT_GE(steady_clock::now() - began_at, CarryWait::kMax);
}

TEST_F(CarryWaitTest, OneThatHangsIsWaitedForOnceAndAgainWhenItHasLooked) {
  set_carrier("ok");
  say_looked(system_clock::now() - hours{1});
  const CarryWait hanging = wait(milliseconds{200});
  EXPECT_TRUE(is_late(hanging));
  const auto began_at = steady_clock::now();
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(is_late(hanging));
  EXPECT_LT(steady_clock::now() - began_at, milliseconds{200} * 1000) << "none of them waited";
  say_looked(system_clock::now() - minutes{30});
  const auto again_at = steady_clock::now();
  EXPECT_TRUE(is_late(hanging));
  EXPECT_GE(steady_clock::now() - again_at, milliseconds{200});
}

TEST(CarryLookedTest, ATimeIsReadAsItIsWrittenAndAnythingElseIsNone) {
  const LookedTime now = system_clock::now();
  EXPECT_EQ(parse_looked(looked_text(now)), now);
  for (const char* text : {"", "\n", "1", "1x\n", "-1\n", "9223372036854775808\n", "1\n\n"}) {
    EXPECT_EQ(parse_looked(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace netclsd
