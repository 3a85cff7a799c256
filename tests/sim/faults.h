// What goes wrong at the engine's fault points and at the host's, and when: a crash of the agent just before or just
// after a write took effect, or an errno instead of it. One crash and one failure can be armed at a time; each happens
// once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "common/base/fault_point.h"

namespace netclsd {

// The engine's own, which are there if this build has fault points, and the writes that it asks the host for. The
// others are passed on a real kernel only.
inline constexpr std::array kEnginePoints = {FaultPoint::kProcSlice,     FaultPoint::kRegisterIdentify,
                                             FaultPoint::kRegisterGroup, FaultPoint::kRegisterPlace,
                                             FaultPoint::kRegisterWatch, FaultPoint::kRegisterKeep};
inline constexpr std::array kHostPoints = {
    FaultPoint::kGroupMake, FaultPoint::kClassidWrite, FaultPoint::kCgroupAttach, FaultPoint::kGroupRemove,
    FaultPoint::kFileRead,  FaultPoint::kFileWrite,    FaultPoint::kFileRemove,   FaultPoint::kExitWatch};

// Thrown out of a point: the agent is gone in the middle of it. Nobody but the simulation may catch it.
struct AgentCrashed {};

// How often each fault happened at each point: a schedule that never gets there proves nothing.
struct FaultCounts {
  std::array<std::uint64_t, kFaultPoints> crashes{};
  std::array<std::uint64_t, kFaultPoints> failures{};
  std::uint64_t drops = 0;
  std::uint64_t silences = 0;
  std::uint64_t hand_edits = 0;
  std::uint64_t reuses = 0;
  void add(const FaultCounts& other);
};

class Faults {
 public:
  // The agent crashes at the `in_passes`th point it passes from now, before or after the write took effect.
  void arm_crash(std::uint64_t in_passes, bool is_before) { crash_ = Crash{in_passes, is_before}; }
  void arm_failure(FaultPoint point, int error) { failure_ = Failure{point, error}; }
  void disarm();
  [[nodiscard]] bool is_crash_armed() const { return crash_.has_value(); }

  // Called by the host around each write, and the first one at each point of the engine. It returns the errno to fail
  // with, if any.
  [[nodiscard]] std::optional<int> before(FaultPoint point);
  void after(FaultPoint point);

  // True if something failed since the last call: then problems were reported.
  [[nodiscard]] bool take_failed() { return std::exchange(has_failed_, false); }
  // True if a write failed since the last call: what it left undone needs a sweep. One that itself failed comes again.
  [[nodiscard]] bool needs_sweep() const { return needs_sweep_; }
  [[nodiscard]] bool take_needs_sweep() { return std::exchange(needs_sweep_, false); }

  FaultCounts counts;

 private:
  struct Crash {
    std::uint64_t in_passes;
    bool is_before;
  };
  struct Failure {
    FaultPoint point;
    int error;
  };
  void crash_at(FaultPoint point);

  std::optional<Crash> crash_;
  std::optional<Failure> failure_;
  bool has_failed_ = false;
  bool needs_sweep_ = false;
};

}  // namespace netclsd
