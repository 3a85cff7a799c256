// The agent's counters as metric families and as Prometheus text (docs/metrics.md). Names, help texts and labels are
// here and nowhere else. Every value of a closed label is exported as 0 from the start, so that rate() and alerts work
// from the first event on. May be called from any thread. The loop goes on counting meanwhile, so two values of one
// answer may be a moment apart.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/metrics/counters.h"

namespace netclsd {

inline constexpr std::string_view kMetricPrefix = "netclsd_";
inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] std::vector<prometheus::MetricFamily> collect_agent_metrics(const Counters& counters);

// All netclsd_* and process_* metrics, in text format 0.0.4.
[[nodiscard]] std::string render_metrics(const Counters& counters);

// The counters among them, by their names there without the prefix: {"moves_total{cause=\"fork\"}", 12}.
[[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> list_counters(const Counters& counters);

}  // namespace netclsd
