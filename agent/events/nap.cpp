#include "agent/events/nap.h"

namespace netclsd {

bool Nap::is_due(MonotonicTime now, std::uint64_t events) {
  const auto elapsed = now - window_began_at_;
  if (elapsed < kWindow) return is_busy_ && length_.count() > 0;
  const auto elapsed_ms = static_cast<std::uint64_t>(elapsed / std::chrono::milliseconds{1});
  is_busy_ = events - events_before_ >= kBusyPerMs * elapsed_ms;
  window_began_at_ = now;
  events_before_ = events;
  return is_busy_ && length_.count() > 0;
}

}  // namespace netclsd
