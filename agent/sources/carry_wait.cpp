#include "agent/sources/carry_wait.h"

#include <thread>

namespace netclsd {

bool CarryWait::is_there() const {
  const auto view = carrier_.get();
  return view && (view->state == kCarryStates[static_cast<std::size_t>(CarryState::kOk)] ||
                  view->state == kCarryStates[static_cast<std::size_t>(CarryState::kDegraded)]);
}

LookedTime CarryWait::looked_at() const {
  const auto text = read_file_at(state_directory_, kCarryLookedName, kCarryLookedMax_bytes);
  return text ? parse_looked(*text).value_or(LookedTime{}) : LookedTime{};
}

void CarryWait::wait(LookedTime registered_at) const {
  if (!is_there()) return;
  const auto give_up_at = std::chrono::steady_clock::now() + max_;
  for (LookedTime looked = looked_at(); looked < registered_at; looked = looked_at()) {
    if (looked == given_up_after_.load() || std::chrono::steady_clock::now() >= give_up_at) {
      given_up_after_ = looked;
      return counters_.carry_late.add_from_any_thread();
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace netclsd
