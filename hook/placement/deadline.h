// A moment by which work must be done.
#pragma once

#include <algorithm>
#include <chrono>

namespace netclsd::hook {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(Clock::time_point at) : at_(at) {}
  [[nodiscard]] static Deadline after(std::chrono::milliseconds time) { return Deadline(Clock::now() + time); }

  [[nodiscard]] Clock::time_point at() const { return at_; }
  [[nodiscard]] std::chrono::milliseconds left() const {
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(at_ - Clock::now()), {});
  }
  // `reserve` earlier than this one.
  [[nodiscard]] Deadline keeping(std::chrono::milliseconds reserve) const { return Deadline(at_ - reserve); }
  [[nodiscard]] Deadline at_most(std::chrono::milliseconds time) const {
    return Deadline(std::min(after(time).at(), at_));
  }

 private:
  Clock::time_point at_;
};

}  // namespace netclsd::hook
