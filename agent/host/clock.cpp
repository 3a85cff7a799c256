#include "agent/host/clock.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <utility>

namespace netclsd {
namespace {

std::chrono::nanoseconds time_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);  // cannot fail for these clocks
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

MonotonicTime SystemClock::monotonic() { return time_of(CLOCK_MONOTONIC); }

WallTime SystemClock::wall() { return std::chrono::system_clock::now(); }

// If the thread is preempted between two readings, that time would be part of the difference. Then it tries again.
std::chrono::nanoseconds SystemClock::boot_offset() {
  constexpr int kTries = 10;
  std::chrono::nanoseconds offset{};
  for (int i = 0; i < kTries; ++i) {
    const auto before = time_of(CLOCK_MONOTONIC);
    offset = time_of(CLOCK_BOOTTIME) - before;
    if (time_of(CLOCK_MONOTONIC) - before < std::chrono::milliseconds{1}) break;
  }
  return offset;
}

Result<Timer> Timer::every(std::chrono::nanoseconds period) {
  UniqueFd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!fd.is_open()) return system_failure(errno, "make a timer");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(period);
  const timespec interval{seconds.count(), (period - seconds).count()};
  const itimerspec spec{interval, interval};
  if (::timerfd_settime(fd.get(), 0, &spec, nullptr) != 0) return system_failure(errno, "set a timer");
  return Timer(std::move(fd));
}

void Timer::acknowledge() {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd_.get(), &expirations, sizeof expirations);
}

}  // namespace netclsd
