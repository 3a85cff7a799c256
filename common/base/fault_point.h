// Named places where a test makes something go wrong: the operation fails with an errno instead of being done, or the
// process is killed right before it. docs/reliability.md lists them and says how to use them.
//
// Only builds with the CMake option NETCLSD_FAULT_POINTS have them. In all others fault_at() is empty, and the programs
// contain nothing of this (scripts/check-install.sh checks it).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.h"
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
  kExitWatch,
  kLoopWatch,
  kGroupMake,
  kClassidWrite,
  kCgroupAttach,
  kGroupRemove,
  kFileRead,
  kFileWrite,
  kFileSync,
  kFileRename,
  kFileDirectorySync,
  kFileRemove,
  kAgentConnect,
  kAgentWrite,
  kAgentRead,
  kInstallStep,
  kHierarchyMount,
  kHierarchyUnmount,
  kTcxProbe,
  kEnd,
};
inline constexpr auto kFaultPoints = static_cast<std::size_t>(FaultPoint::kEnd);

// "cgroup_attach"
[[nodiscard]] std::string_view to_string(FaultPoint point);

// Decides each time that a point is passed: the errno to fail with, or std::nullopt to go on. It may end the process.
// It may also throw; none of our code catches that.
using FaultHandler = std::function<std::optional<int>(FaultPoint)>;
// For the whole process; called before it starts threads. Empty: nothing fails.
void set_fault_handler(FaultHandler handler);
[[nodiscard]] std::optional<int> ask_fault_handler(FaultPoint point);

// Stands right before the operation: if (const auto fault = fault_at(…)) return system_failure(*fault, …);
[[nodiscard]] inline std::optional<int> fault_at(FaultPoint point) {
  if constexpr (kHasFaultPoints) return ask_fault_handler(point);
  return std::nullopt;
}

// In the place of an errno: a system call is made that no seccomp policy of ours allows. The operation fails with what
// that call fails with, and is done if it does not.
inline constexpr int kForbiddenCall = -1;

// Which fault point fails, how, and at which pass.
struct FaultRule {
  FaultPoint point = FaultPoint::kEnd;
  std::optional<int> error;  // std::nullopt: the process is killed; kForbiddenCall
  std::uint64_t pass = 1;    // the first one is 1
  bool is_lasting = false;   // also every later pass
  friend bool operator==(const FaultRule&, const FaultRule&) = default;
};

// POINT=ACTION[@N[+]], separated by commas: "file_write=ENOSPC@3,cgroup_attach=ESRCH,proc_slice=kill@2+". ACTION is the
// name of an errno, `kill` or `forbidden_call`. The error says what is wrong and what was expected. Pure.
[[nodiscard]] Result<std::vector<FaultRule>> parse_fault_rules(std::string_view text);

class FaultPlan {
 public:
  explicit FaultPlan(std::vector<FaultRule> rules) : rules_(std::move(rules)) {}

  // Counts the pass. nullptr: nothing happens. If several rules apply, the first one is returned.
  [[nodiscard]] const FaultRule* pass(FaultPoint point);

 private:
  std::vector<FaultRule> rules_;
  std::array<std::uint64_t, kFaultPoints> passes_{};
};

// Takes the faults from the environment variable NETCLSD_FAULTS, in the form of parse_fault_rules().
[[nodiscard]] Result<void> read_faults_from_environment();

// main() calls this before anything else. Builds without fault points ignore the variable.
[[nodiscard]] inline Result<void> arm_faults() {
  if constexpr (kHasFaultPoints) return read_faults_from_environment();
  return {};
}

}  // namespace netclsd
