// The promise, and what must hold with it, at a quiet moment. Empty: it holds; else what was found, in one line.
#pragma once

#include <string>

#include "tests/sim/node.h"

namespace netclsd {

// Every live member is placed, and nobody else is in a class.
[[nodiscard]] std::string check_processes(const Node& node);
[[nodiscard]] std::string check_process(const Node& node, Pid pid);

// One group, one state file for each managed container, and nothing else; no spool entry left.
[[nodiscard]] std::string check_leftovers(const Node& node);

// No container is kept that has no process any more.
[[nodiscard]] std::string check_released(const Node& node);

// The events that had arrived were read between any two writes.
[[nodiscard]] std::string check_drains(const Node& node);

// No process was moved that the kernel would have crashed for.
[[nodiscard]] std::string check_kernel_lives(const Node& node);

// What the agent counted is what happened, and it tracks exactly the living.
[[nodiscard]] std::string check_counters(const Node& node, const Counters& counters);

}  // namespace netclsd
