#include "agent/metrics/render.h"

#include <prometheus/text_serializer.h>

#include <iterator>

#include "agent/metrics/agent_metrics.h"
#include "agent/metrics/process_metrics.h"

namespace netclsd {

std::string render_metrics(const Counters& counters) {
  auto families = AgentMetrics(counters).Collect();
  auto process = ProcessMetrics().Collect();
  families.insert(families.end(), std::make_move_iterator(process.begin()), std::make_move_iterator(process.end()));
  return prometheus::TextSerializer().Serialize(families);
}

std::vector<std::pair<std::string, std::uint64_t>> list_counters(const Counters& counters) {
  std::vector<std::pair<std::string, std::uint64_t>> list;
  for (const auto& family : AgentMetrics(counters).Collect()) {
    if (family.type != prometheus::MetricType::Counter) continue;
    for (const auto& metric : family.metric) {
      std::string name = family.name.substr(kMetricPrefix.size());
      for (const auto& label : metric.label) name += "{" + label.name + "=\"" + label.value + "\"}";
      list.emplace_back(std::move(name), static_cast<std::uint64_t>(metric.counter.value));
    }
  }
  return list;
}

}  // namespace netclsd
