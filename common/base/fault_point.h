// Named places where a test lets something go wrong: the operation fails with an errno instead of being done, or the
// process ends right before it. docs/reliability.md has the list, and how to switch one.
//
// Only builds with the CMake option NETCLSD_FAULT_POINTS have them. In all others fault_at() is empty, and no trace of
// this is in the programs (scripts/check-install.sh looks).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "netclsd_fault_points.h"

namespace netclsd {

enum class FaultPoint {
  kEventReceive,
  kDropCounter,
  kProcSlice,
  kRegisterIdentify,
  kRegisterGroup,
  kRegisterPlace,
  kRegisterWatch,
  kRegisterKeep,
  kGroupMake,
  kClassidWrite,
  kCgroupAttach,
  kGroupRemove,
  kFileWrite,
  kFileSync,
  kFileRename,
  kFileDirectorySync,
  kFileRemove,
  kAgentConnect,
  kAgentWrite,
  kAgentRead,
  kInstallStep,
  kEnd,
};
inline constexpr auto kFaultPoints = static_cast<std::size_t>(FaultPoint::kEnd);

// "cgroup_attach"
[[nodiscard]] std::string_view to_string(FaultPoint point);

// Decides at each pass: the errno to fail with, or std::nullopt to go on. It may end the process, or throw; nothing of
// ours catches that.
using FaultHandler = std::function<std::optional<int>(FaultPoint)>;
// Of the whole process, before it starts threads. Empty: nothing fails.
void set_fault_handler(FaultHandler handler);
[[nodiscard]] std::optional<int> ask_fault_handler(FaultPoint point);

// Stands right before the operation: if (const auto fault = fault_at(…)) return system_failure(*fault, …);
[[nodiscard]] inline std::optional<int> fault_at(FaultPoint point) {
  if constexpr (kHasFaultPoints) return ask_fault_handler(point);
  return std::nullopt;
}

}  // namespace netclsd
