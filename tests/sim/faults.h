// What goes wrong at the engine's writes, and when: a crash of the agent just before or just after the write took
// effect, or an errno instead of it. One crash and one failure can be armed at a time; each happens once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace netclsd {

// Every write that the engine asks the host for.
enum class WritePoint { kMakeGroup, kSetClassid, kAttach, kRemoveGroup, kSave, kForget, kDiscard, kEnd };
inline constexpr std::size_t kWritePoints = static_cast<std::size_t>(WritePoint::kEnd);
[[nodiscard]] const char* to_string(WritePoint point);

// Thrown out of a write: the agent is gone in the middle of it. Nobody but the simulation may catch it.
struct AgentCrashed {};

// How often each fault happened at each point: a schedule that never gets there proves nothing.
struct FaultCounts {
  std::array<std::uint64_t, kWritePoints> crashes{};
  std::array<std::uint64_t, kWritePoints> failures{};
  std::uint64_t drops = 0;
  std::uint64_t silences = 0;
  std::uint64_t hand_edits = 0;
  std::uint64_t reuses = 0;
  void add(const FaultCounts& other);
};

class Faults {
 public:
  // The agent crashes at its `in_writes`th write from now, before or after it took effect.
  void arm_crash(std::uint64_t in_writes, bool is_before) { crash_ = Crash{in_writes, is_before}; }
  void arm_failure(WritePoint point, int error) { failure_ = Failure{point, error}; }
  void disarm();
  [[nodiscard]] bool is_crash_armed() const { return crash_.has_value(); }

  // Called by the host around each write. The first returns the errno to fail with, if any.
  [[nodiscard]] std::optional<int> before(WritePoint point);
  void after(WritePoint point);

  // True if a write failed since the last call: what it left undone needs a sweep.
  [[nodiscard]] bool take_failed();

  FaultCounts counts;

 private:
  struct Crash {
    std::uint64_t in_writes;
    bool is_before;
  };
  struct Failure {
    WritePoint point;
    int error;
  };
  void crash_at(WritePoint point);

  std::optional<Crash> crash_;
  std::optional<Failure> failure_;
  bool has_failed_ = false;
};

}  // namespace netclsd
