#include "agent/carry/carry_report_file.h"

#include <utility>

namespace netclsd {
namespace {

// A report changes every second while packets flow, and the larger it is, the longer the loop takes to read it.
constexpr std::size_t kBytesPerLook = 256U << 10;

}  // namespace

bool CarryReportFile::look() {
  const bool is_new = read();
  auto before = std::exchange(now_, find_out());
  return is_new || before != now_;
}

std::optional<CarryView> CarryReportFile::find_out() {
  if (!report_) {
    count_no_carry(!unreadable_because_.empty(), counters_);
    if (unreadable_because_.empty()) return std::nullopt;
    return CarryView{.state = "unreadable", .message = unreadable_because_};
  }
  const auto facts = processes_.look_at(report_->carrier.pid);
  // A process that cannot be examined counts as alive.
  const bool is_alive = !facts || (*facts && (*facts)->start_time == report_->carrier.start_time);
  count_carry(*report_, is_alive, counters_);
  return view_of(*report_, is_alive);
}

const std::map<ContainerId, CarriedView>& CarryReportFile::containers() const {
  static const std::map<ContainerId, CarriedView> kNone;
  return report_ ? report_->containers : kNone;
}

// True: there is another report, or none any more.
bool CarryReportFile::read() {
  if (looks_to_skip_ > 0) {
    --looks_to_skip_;
    return false;
  }
  const auto change = file_.look();
  if (change == WatchedFile::Change::kNone) return false;
  const bool had_report = report_.has_value() || !unreadable_because_.empty();
  report_.reset();
  unreadable_because_.clear();
  if (change == WatchedFile::Change::kGone) return had_report;
  const auto& text = file_.content();
  if (text) looks_to_skip_ = text->size() / kBytesPerLook;
  auto report = text ? parse_carry_report(*text) : Result<CarryReport>(pass_on(text.error()));
  if (report) {
    report_ = *std::move(report);
  } else {
    unreadable_because_ = std::string(kCarryReportName) + ": " + report.error().message();
  }
  return true;
}

}  // namespace netclsd
