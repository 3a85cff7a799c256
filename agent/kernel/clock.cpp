#include "agent/kernel/clock.h"

#include <ctime>

namespace netclsd {
namespace {

std::chrono::nanoseconds read(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);  // cannot fail for these clocks
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

MonotonicTime SystemClock::monotonic() { return read(CLOCK_MONOTONIC); }

WallTime SystemClock::wall() { return std::chrono::system_clock::now(); }

std::chrono::nanoseconds SystemClock::boot_offset() { return read(CLOCK_BOOTTIME) - read(CLOCK_MONOTONIC); }

}  // namespace netclsd
