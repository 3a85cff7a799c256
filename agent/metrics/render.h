// The agent's counters as Prometheus text (docs/metrics.md). May be called from any thread; two values of one answer
// may be a moment apart, since the loop goes on counting.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/engine/counters.h"

namespace netclsd {

inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// Everything of netclsd_* and process_*, in text format 0.0.4.
[[nodiscard]] std::string render_metrics(const Counters& counters);

// The counters among them by the names they have there, without the prefix: {"moves_total{cause=\"fork\"}", 12}.
[[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> list_counters(const Counters& counters);

}  // namespace netclsd
