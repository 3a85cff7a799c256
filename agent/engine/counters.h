// What the agent counts. The loop thread adds, any thread reads (docs/metrics.md has the meaning of each).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "agent/core/class_policy.h"
#include "agent/engine/class_counts.h"
#include "agent/engine/named_counts.h"

namespace netclsd {

class Count {
 public:
  // One thread writes, so no locked instruction is needed.
  void add(std::uint64_t n = 1) { set(value() + n); }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// One count for each value of a closed label. The enumerators' order is the names' order.
template <typename Label>
class LabelledCount {
 public:
  Count& operator[](Label label) { return counts_[static_cast<std::size_t>(label)]; }
  const Count& operator[](Label label) const { return counts_[static_cast<std::size_t>(label)]; }
  static constexpr std::size_t size() { return static_cast<std::size_t>(Label::kEnd); }

 private:
  std::array<Count, static_cast<std::size_t>(Label::kEnd)> counts_;
};

enum class EventLabel { kFork, kExec, kComm, kAck, kOther, kEnd };
inline constexpr std::array kEventLabels = {"fork", "exec", "comm", "ack", "other"};

enum class MoveCause { kRegister, kFork, kExec, kSweep, kEnd };
inline constexpr std::array kMoveCauses = {"register", "fork", "exec", "sweep"};

enum class MoveFailure { kGone, kDenied, kOther, kEnd };
inline constexpr std::array kMoveFailures = {"gone", "denied", "other"};

enum class SweepCause { kStartup, kOverrun, kAudit, kRequest, kEnd };
inline constexpr std::array kSweepCauses = {"startup", "overrun", "audit", "request"};

enum class SourceLabel { kHook, kSpool, kApi, kRecovered, kEnd };
inline constexpr std::array kSourceLabels = {"hook", "spool", "api", "recovered"};

enum class RegistrationFailure { kMalformed, kForbidden, kConflict, kGone, kBusy, kSystem, kEnd };
inline constexpr std::array kRegistrationFailures = {"malformed", "forbidden", "conflict", "gone", "busy", "system"};

inline constexpr std::array kRefusalReasons = {"no_rule", "not_allowed", "exclusive", "identity"};

// Cumulative in the exposition, not here: each observation is in one bucket, the last is +Inf.
class LatencyHistogram {
 public:
  static constexpr std::array kBounds_us = {10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3,   2e3,
                                            5e3,  10e3, 20e3, 50e3,  100e3, 200e3, 500e3, 1e6};
  void observe(std::chrono::nanoseconds latency);
  [[nodiscard]] std::uint64_t in_bucket(std::size_t i) const { return buckets_[i].value(); }
  [[nodiscard]] double sum_seconds() const { return static_cast<double>(sum_ns_.value()) / 1e9; }

 private:
  std::array<Count, kBounds_us.size() + 1> buckets_;
  Count sum_ns_;
};

struct Counters {
  Count ready;       // 0 or 1
  Count containers;  // gauge
  Count processes;   // gauge
  ClassGauges classes;
  LabelledCount<EventLabel> events;
  Count events_dropped;
  Count overruns;
  LabelledCount<MoveCause> moves;
  LabelledCount<MoveFailure> move_failures;
  Count strays_repaired;
  Count groups_repaired;
  LabelledCount<SweepCause> sweeps;
  LatencyHistogram sweep_duration;
  LatencyHistogram move_latency;
  LabelledCount<SourceLabel> registrations;
  LabelledCount<RegistrationFailure> registration_failures;
  LabelledCount<RefusalReason> policy_refusals;
  NamedCounts hook_registrations;  // by the hook's version
  Count canary_misses;
  Count resubscriptions;
  Count receive_buffer_bytes;  // gauge
  Count config_reloads;
  Count config_reload_failures;
};

}  // namespace netclsd
