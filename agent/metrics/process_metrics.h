// The standard process_* metrics, read from /proc at each scrape. A metric that cannot be read is left out.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace netclsd {

// `proc`: where procfs is mounted; a test passes a directory.
[[nodiscard]] std::vector<prometheus::MetricFamily> collect_process_metrics(const std::string& proc = "/proc");

}  // namespace netclsd
