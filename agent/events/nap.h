// When to let process events gather instead of waking up for each one. The wake-up is most of what an event costs, both
// for the agent and for the process that forks. Pure; used by the loop thread only.
//
// While little happens the loop reacts at once. When events come faster than kBusyPerMs it sleeps `length` between two
// rounds, until they come slower again.
#pragma once

#include <cstdint>

#include "agent/membership/event.h"

namespace netclsd {

class Nap {
 public:
  static constexpr MonotonicTime kWindow = std::chrono::milliseconds{10};  // the rate is measured over this time
  // Events per millisecond. A container's start or a shell's pipeline stays below it. At 12 µs a wake-up, this rate
  // costs 5 % of one CPU.
  static constexpr std::uint64_t kBusyPerMs = 4;

  // Zero: never.
  void set_length(std::chrono::milliseconds length) { length_ = length; }
  [[nodiscard]] std::chrono::milliseconds length() const { return length_; }

  // Call after each round of the loop, with the number of all events received so far. True: sleep for length().
  [[nodiscard]] bool is_due(MonotonicTime now, std::uint64_t events);

 private:
  std::chrono::milliseconds length_{1};
  MonotonicTime window_began_at_{0};
  std::uint64_t events_before_ = 0;
  bool is_busy_ = false;
};

}  // namespace netclsd
