// Containers whose sockets have had another class than the container for longer than a sweep takes to repair it: a
// socket that was handed over by another container, or a process that the agent cannot move. Pure; the caller has the
// clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "carry/plan.h"
#include "common/model/traffic.h"

namespace netclsd::carry {

using Counts = std::map<CountKey, Traffic>;

struct Difference {
  ClassId classid;  // what the sockets say
  std::chrono::seconds lasted{0};
  friend bool operator==(const Difference&, const Difference&) = default;
};
using LastingDifferences = std::map<Owner, Difference>;  // the longest of each container

class Differences {
 public:
  using Clock = std::chrono::steady_clock;

  // To be called every second or so. A difference lasts from the first to the last packet with the other class, with no
  // pause between them of `patience` or more; it is given while it lasts, once it has lasted for `patience`.
  [[nodiscard]] LastingDifferences observe(const Counts& counts, const Members& members, Clock::time_point now,
                                           Clock::duration patience);

 private:
  struct Course {
    std::uint64_t packets = 0;
    std::optional<Clock::time_point> began_at;  // absent: none came since it was first seen, or since the last pause
    Clock::time_point grew_at;
  };

  // One for each count of another class; there are at most as many as the kernel's map has room for.
  std::map<std::pair<Owner, std::uint32_t>, Course> courses_;
};

}  // namespace netclsd::carry
