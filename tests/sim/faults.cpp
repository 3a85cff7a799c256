#include "tests/sim/faults.h"

#include <utility>

namespace netclsd {

const char* to_string(WritePoint point) {
  switch (point) {
    case WritePoint::kMakeGroup:
      return "make group";
    case WritePoint::kSetClassid:
      return "set classid";
    case WritePoint::kAttach:
      return "attach";
    case WritePoint::kRemoveGroup:
      return "remove group";
    case WritePoint::kSave:
      return "save registration";
    case WritePoint::kForget:
      return "forget registration";
    case WritePoint::kDiscard:
      return "discard spool entry";
    case WritePoint::kEnd:
      break;
  }
  return "";
}

void FaultCounts::add(const FaultCounts& other) {
  for (std::size_t i = 0; i < kWritePoints; ++i) {
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

std::optional<int> Faults::before(WritePoint point) {
  if (crash_ && crash_->in_writes > 0) --crash_->in_writes;
  if (crash_ && crash_->in_writes == 0 && crash_->is_before) crash_at(point);
  if (!failure_ || failure_->point != point) return std::nullopt;
  ++counts.failures[static_cast<std::size_t>(point)];
  has_failed_ = true;
  return std::exchange(failure_, std::nullopt)->error;
}

void Faults::after(WritePoint point) {
  if (crash_ && crash_->in_writes == 0) crash_at(point);
}

bool Faults::take_failed() { return std::exchange(has_failed_, false); }

void Faults::crash_at(WritePoint point) {
  ++counts.crashes[static_cast<std::size_t>(point)];
  crash_.reset();
  throw AgentCrashed{};
}

}  // namespace netclsd
