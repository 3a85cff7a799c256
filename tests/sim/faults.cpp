#include "tests/sim/faults.h"

namespace netclsd {

void FaultCounts::add(const FaultCounts& other) {
  for (std::size_t i = 0; i < kFaultPoints; ++i) {
    crashes[i] += other.crashes[i];
    failures[i] += other.failures[i];
  }
  drops += other.drops;
  silences += other.silences;
  hand_edits += other.hand_edits;
  reuses += other.reuses;
}

void Faults::disarm() {
  crash_.reset();
  failure_.reset();
}

std::optional<int> Faults::before(FaultPoint point) {
  if (crash_ && crash_->in_passes > 0) --crash_->in_passes;
  if (crash_ && crash_->in_passes == 0 && crash_->is_before) crash_at(point);
  if (!failure_ || failure_->point != point) return std::nullopt;
  ++counts.failures[static_cast<std::size_t>(point)];
  has_failed_ = true;
  needs_sweep_ |= point != FaultPoint::kProcSlice;
  return std::exchange(failure_, std::nullopt)->error;
}

void Faults::after(FaultPoint point) {
  if (crash_ && crash_->in_passes == 0) crash_at(point);
}

void Faults::crash_at(FaultPoint point) {
  ++counts.crashes[static_cast<std::size_t>(point)];
  crash_.reset();
  throw AgentCrashed{};
}

}  // namespace netclsd
