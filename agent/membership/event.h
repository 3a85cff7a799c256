// What the kernel told us about processes, and the clock it told it by.
#pragma once

#include <chrono>
#include <variant>

#include "common/model/process.h"

namespace netclsd {

// CLOCK_MONOTONIC, the clock of the connector's time stamps.
using MonotonicTime = std::chrono::nanoseconds;

// `parent` is the real parent: with CLONE_PARENT the creator's parent, not the creator.
struct Forked {
  Pid parent;
  Pid child;
  MonotonicTime at;
  friend bool operator==(const Forked&, const Forked&) = default;
};

struct Execed {
  Pid pid;
  MonotonicTime at;
  friend bool operator==(const Execed&, const Execed&) = default;
};

using ProcessEvent = std::variant<Forked, Execed>;

}  // namespace netclsd
