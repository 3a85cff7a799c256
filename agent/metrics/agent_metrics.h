// Counters as metric families: names, help texts and labels are here and nowhere else. Every value of a closed label
// is there from the start, as 0, so that rate() and alerts work from the first event on.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <string_view>
#include <vector>

#include "agent/engine/counters.h"

namespace netclsd {

inline constexpr std::string_view kMetricPrefix = "netclsd_";

class AgentMetrics : public prometheus::Collectable {
 public:
  explicit AgentMetrics(const Counters& counters) : counters_(counters) {}
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Counters& counters_;
};

}  // namespace netclsd
