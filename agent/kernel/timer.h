// A periodic timer as a readable event.
#pragma once

#include <chrono>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace netclsd {

class Timer {
 public:
  [[nodiscard]] static Result<Timer> every(std::chrono::nanoseconds period);

  [[nodiscard]] int fd() const { return fd_.get(); }
  void acknowledge();

 private:
  explicit Timer(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace netclsd
