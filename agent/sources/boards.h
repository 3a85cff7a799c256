// What the loop thread sets and HTTP workers read, apart from the counters (agent/metrics/counters.h).
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/api/messages.h"

namespace netclsd {

// Any thread.
template <typename T>
class Board {
 public:
  explicit Board(T value = {}) : value_(std::move(value)) {}
  void set(T value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
  }
  [[nodiscard]] T get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  // Of a large value, without a copy of all of it. `look` is short, and must not come back to the board.
  template <typename F>
  void read(F look) const {
    const std::lock_guard lock(mutex_);
    look(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

// What is known of the ways in which containers come, of the carrier and of the kernel.
struct Reports {
  Board<std::optional<HookView>> hook;                 // the hook's installation
  Board<std::optional<NriView>> nri;                   // the NRI plugin
  Board<std::optional<CarryView>> carry;               // the carrier
  Board<std::map<ContainerId, CarriedView>> carried;   // what it does for each container
  Board<std::optional<CarryWantedView>> carry_wanted;  // what the configuration asks of it
  Board<std::vector<std::string>> kernel_warnings;
};

// Why the agent is not ready yet. Not ready until set() says otherwise: a server that answers before the agent has
// subscribed must not say "ready".
class Readiness {
 public:
  void set(std::vector<std::string> reasons) { reasons_.set(std::move(reasons)); }  // empty: ready
  [[nodiscard]] std::vector<std::string> reasons() const { return reasons_.get(); }

 private:
  Board<std::vector<std::string>> reasons_{{"starting"}};
};

}  // namespace netclsd
