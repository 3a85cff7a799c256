// What was sent over the carriers (netclsd-carrier), of a class or of a container.
#pragma once

#include <cstdint>

namespace netclsd {

struct Traffic {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t by_fallback = 0;  // packets whose class only their cgroup told

  Traffic& operator+=(const Traffic& more) {
    packets += more.packets;
    bytes += more.bytes;
    by_fallback += more.by_fallback;
    return *this;
  }
  friend bool operator==(const Traffic&, const Traffic&) = default;
};

}  // namespace netclsd
