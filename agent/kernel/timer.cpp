#include "agent/kernel/timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace netclsd {

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
