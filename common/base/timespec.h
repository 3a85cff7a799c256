// A duration as the kernel's calls take it.
#pragma once

#include <chrono>
#include <ctime>

namespace netclsd {

[[nodiscard]] inline timespec to_timespec(std::chrono::nanoseconds time) {
  timespec result{};
  result.tv_sec = time / std::chrono::seconds{1};
  result.tv_nsec = (time % std::chrono::seconds{1}).count();
  return result;
}

}  // namespace netclsd
