#include "agent/kernel/scheduling.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace netclsd {
namespace {

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
