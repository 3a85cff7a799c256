#include "agent/sources/carry_wait.h"

#include <thread>

namespace netclsd {

bool CarryWait::is_there() const {
  const auto view = carrier_.get();
  return view && (view->state == kCarryStates[static_cast<std::size_t>(CarryState::kOk)] ||
                  view->state == kCarryStates[static_cast<std::size_t>(CarryState::kDegraded)]);
}

bool CarryWait::has_looked_since(LookedTime registered_at) const {
  const auto text = read_file_at(state_directory_, kCarryLookedName, kCarryLookedMax_bytes);
  const auto looked_at = text ? parse_looked(*text) : std::nullopt;
  return looked_at && *looked_at >= registered_at;
}

void CarryWait::wait(LookedTime registered_at) const {
  if (!is_there()) return;
  const auto give_up_at = std::chrono::steady_clock::now() + max_;
  while (!has_looked_since(registered_at)) {
    if (std::chrono::steady_clock::now() >= give_up_at) return counters_.carry_late.add_from_any_thread();
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace netclsd
