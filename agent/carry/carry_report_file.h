// carry.json, which the carrier writes: looked at once a second. Loop thread only.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/carry/carry_report.h"
#include "agent/host/host.h"
#include "agent/metrics/counters.h"
#include "agent/sources/watched_file.h"
#include "common/api/messages.h"

namespace netclsd {

class CarryReportFile {
 public:
  static constexpr std::size_t kFileMax_bytes = 4U << 20;

  // All outlive it.
  CarryReportFile(const UniqueFd& directory, Processes& processes, Counters& counters)
      : file_(directory, kCarryReportName, kFileMax_bytes), processes_(processes), counters_(counters) {}

  // Reads the file if it has changed, finds out whether the carrier lives, and sets its metrics. True: now() or
  // containers() may be others than before.
  [[nodiscard]] bool look();
  [[nodiscard]] const std::optional<CarryView>& now() const { return now_; }
  // Of a carrier that is gone: what it did last, which stays in the kernel.
  [[nodiscard]] const std::map<ContainerId, CarriedView>& containers() const;

 private:
  [[nodiscard]] bool read();
  [[nodiscard]] std::optional<CarryView> find_out();

  WatchedFile file_;
  Processes& processes_;
  Counters& counters_;
  std::optional<CarryReport> report_;
  std::string unreadable_because_;
  std::optional<CarryView> now_;
  std::size_t looks_to_skip_ = 0;
};

}  // namespace netclsd
