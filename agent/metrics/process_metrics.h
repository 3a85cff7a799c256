// The standard process_* metrics, read from /proc at each scrape. What cannot be read is left out of the answer.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace netclsd {

class ProcessMetrics : public prometheus::Collectable {
 public:
  // `proc`: where procfs is mounted; a test hands in a directory.
  explicit ProcessMetrics(std::string proc = "/proc") : proc_(std::move(proc)) {}
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::string proc_;
};

}  // namespace netclsd
