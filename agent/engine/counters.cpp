#include "agent/engine/counters.h"

#include <algorithm>

namespace netclsd {

void LatencyHistogram::observe(std::chrono::nanoseconds latency) {
  const auto ns = std::max<std::int64_t>(latency.count(), 0);
  const double us = static_cast<double>(ns) / 1e3;
  const auto bound = std::lower_bound(kBounds_us.begin(), kBounds_us.end(), us);
  buckets_[static_cast<std::size_t>(bound - kBounds_us.begin())].add();
  sum_ns_.add(static_cast<std::uint64_t>(ns));
}

}  // namespace netclsd
