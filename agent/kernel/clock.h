// The kernel's clocks.
#pragma once

#include "agent/engine/host.h"

namespace netclsd {

class SystemClock : public Clock {
 public:
  MonotonicTime monotonic() override;
  WallTime wall() override;
  std::chrono::nanoseconds boot_offset() override;
};

}  // namespace netclsd
