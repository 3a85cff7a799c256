// The kernel's clocks, and a periodic timer.
#pragma once

#include <chrono>
#include <utility>

#include "agent/host/host.h"
#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

// Any thread.
class SystemClock : public Clock {
 public:
  MonotonicTime monotonic() override;
  WallTime wall() override;
  std::chrono::nanoseconds boot_offset() override;
};

// A timer as a descriptor that becomes readable once a period (timerfd_create(2), CLOCK_MONOTONIC). Loop thread only.
class Timer {
 public:
  [[nodiscard]] static Result<Timer> every(std::chrono::nanoseconds period);

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Until the next period it is not readable. Periods that were missed count as one.
  void acknowledge();

 private:
  explicit Timer(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace netclsd
