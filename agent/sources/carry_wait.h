// Who registers a container waits until the carrier (netclsd-carrier) has looked at it: a container starts when its
// registration is answered, and its first packet is to be carried. Any thread but the loop's.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "agent/metrics/counters.h"
#include "agent/sources/boards.h"
#include "common/api/carry_looked.h"
#include "common/base/file.h"

namespace netclsd {

class CarryWait {
 public:
  static constexpr std::chrono::milliseconds kMax{100};  // a fifth of what a hook takes in all
  static constexpr std::chrono::milliseconds kPause{1};

  // All outlive it.
  CarryWait(const UniqueFd& state_directory, const Board<std::optional<CarryView>>& carrier, Counters& counters,
            std::chrono::milliseconds max = kMax)
      : state_directory_(state_directory), carrier_(carrier), counters_(counters), max_(max) {}

  // Until the carrier has looked since `registered_at`, just after which the registration was written; `max` at most,
  // which is counted. Returns at once if no carrier runs. Not since the call: placing init, which comes after the
  // writing, may take longer than the carrier, which then has no reason to look again. If it looked for another reason
  // between the two, some 0.1 ms, this is too early by one look. If it was given up the last time, and the carrier has
  // not looked since, this gives up at once: a carrier that hangs delays one container of each worker, not all.
  void wait(LookedTime registered_at) const;

 private:
  [[nodiscard]] bool is_there() const;
  [[nodiscard]] LookedTime looked_at() const;  // 1970: it never did

  const UniqueFd& state_directory_;
  const Board<std::optional<CarryView>>& carrier_;
  Counters& counters_;
  std::chrono::milliseconds max_;
  static_assert(std::atomic<LookedTime>::is_always_lock_free);
  mutable std::atomic<LookedTime> given_up_after_{LookedTime::max()};  // the last look before the last wait in vain
};

}  // namespace netclsd
