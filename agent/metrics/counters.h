// What the agent counts. The loop thread adds, any thread reads. docs/metrics.md says what each count means.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/classes/class_policy.h"
#include "agent/membership/targets.h"
#include "agent/metrics/class_traffic.h"
#include "common/model/class_id.h"

namespace netclsd {

class Count {
 public:
  // Only one thread writes, so no locked instruction is needed.
  void add(std::uint64_t n = 1) { set(value() + n); }
  void add_from_any_thread() { value_.fetch_add(1, std::memory_order_relaxed); }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// One count for each value of a closed label. The enumerators have the order of the names.
template <typename Label>
class LabelledCount {
 public:
  Count& operator[](Label label) { return counts_[static_cast<std::size_t>(label)]; }
  const Count& operator[](Label label) const { return counts_[static_cast<std::size_t>(label)]; }
  static constexpr std::size_t size() { return static_cast<std::size_t>(Label::kEnd); }

 private:
  std::array<Count, static_cast<std::size_t>(Label::kEnd)> counts_;
};

// Counts by a text that others choose, such as the hook's version. The first few texts get a count each. All others
// share "other", so that the set of labels cannot grow. One thread adds, any thread reads.
class NamedCounts {
 public:
  static constexpr std::size_t kNamesMax = 8;
  static constexpr std::size_t kNameMax_bytes = 32;

  // A name has letters, digits and ".+~-_" only. Anything else, or a longer name, counts as "other".
  void add(std::string_view name, std::uint64_t n = 1);

  // Names are never removed, so an index below size() stays valid.
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_acquire); }
  [[nodiscard]] const std::string& name(std::size_t i) const { return entries_[i].name; }
  [[nodiscard]] std::uint64_t value(std::size_t i) const { return entries_[i].value.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    std::string name;  // written once, before size_ includes it
    std::atomic<std::uint64_t> value{0};
  };
  [[nodiscard]] Entry& entry(std::string_view name);
  Entry& append(std::string_view name);

  std::array<Entry, kNamesMax + 1> entries_;
  std::atomic<std::size_t> size_{0};
};

// How many containers each class has. At most kClassesMax classids have a count of their own; the rest share one. Users
// who make pods choose classids, and a metric must not grow with what they choose. Loop thread only.
class ClassCounts : public TargetObserver {
 public:
  static constexpr std::size_t kClassesMax = 256;

  void on_target_added(TargetNumber number, const Target& target) override;
  void on_target_changed(TargetNumber number, const Target& before, const Target& now) override;
  void on_target_removed(TargetNumber number, const Target& target) override;

  void add(ClassId classid);
  void remove(ClassId classid);  // added before
  [[nodiscard]] const std::map<ClassId, std::uint64_t>& by_class() const { return by_class_; }
  [[nodiscard]] std::uint64_t others() const { return others_; }
  // Grows with each change.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

 private:
  std::map<ClassId, std::uint64_t> by_class_;
  std::uint64_t others_ = 0;
  std::uint64_t changes_ = 0;
};

struct ClassRow {
  std::string name;     // empty: not in the configuration
  std::string classid;  // empty: the others together
  std::uint64_t containers;
  friend bool operator==(const ClassRow&, const ClassRow&) = default;
};

// The last ClassCounts of the loop thread, for any thread. Behind a lock and not atomics, because the classes are not
// known beforehand. The lock is held while some rows are copied.
class ClassGauges {
 public:
  void set_names(const std::map<std::string, ClassId>& classes);
  void set(const ClassCounts& counts);
  // The classes of the configuration first, with or without containers.
  [[nodiscard]] std::vector<ClassRow> rows() const;
  [[nodiscard]] std::map<ClassId, std::string> names() const;

 private:
  mutable std::mutex mutex_;
  std::map<ClassId, std::string> names_;
  ClassCounts counts_;
};

enum class EventLabel { kFork, kExec, kComm, kAck, kOther, kEnd };
inline constexpr std::array kEventLabels = {"fork", "exec", "comm", "ack", "other"};

enum class MoveCause { kRegister, kFork, kExec, kSweep, kEnd };
inline constexpr std::array kMoveCauses = {"register", "fork", "exec", "sweep"};

enum class MoveFailure { kGone, kDenied, kOther, kEnd };
inline constexpr std::array kMoveFailures = {"gone", "denied", "other"};

enum class SweepCause {
  kStartup,
  kOverrun,
  kAudit,
  kRequest,
  kSilence,
  kQueueFull,
  kStrays,
  kFailed,
  kRegistration,
  kEnd
};
inline constexpr std::array kSweepCauses = {"startup",    "overrun", "audit",  "request",     "silence",
                                            "queue_full", "strays",  "failed", "registration"};

enum class SourceLabel { kHook, kNri, kSpool, kApi, kRecovered, kEnd };
inline constexpr std::array kSourceLabels = {"hook", "nri", "spool", "api", "recovered"};

enum class RegistrationFailure { kMalformed, kForbidden, kConflict, kGone, kBusy, kSystem, kEnd };
inline constexpr std::array kRegistrationFailures = {"malformed", "forbidden", "conflict", "gone", "busy", "system"};

inline constexpr std::array kRefusalReasons = {"no_rule", "not_allowed", "exclusive", "identity"};

// What `netclsctl hook install` or `hook status` found. "unreadable": the agent could not parse the report.
enum class HookState { kOk, kDegraded, kFailed, kDisabled, kUnreadable, kEnd };
inline constexpr std::array kHookStates = {"ok", "degraded", "failed", "disabled", "unreadable"};

enum class HookRuntime { kContainerd, kCrio, kPodman, kEnd };
inline constexpr std::array kHookRuntimes = {"containerd", "crio", "podman"};

enum class NriRequest { kStartContainer, kPostStartContainer, kSynchronize, kEnd };
inline constexpr std::array kNriRequests = {"start_container", "post_start_container", "synchronize"};

// What the carrier says of itself. "gone": it does not run. "unreadable": the agent could not parse its report.
enum class CarryState { kOk, kDegraded, kFailed, kGone, kUnreadable, kEnd };
inline constexpr std::array kCarryStates = {"ok", "degraded", "failed", "gone", "unreadable"};

// Each observation is in one bucket; the last bucket is +Inf. The exposition makes the buckets cumulative.
class LatencyHistogram {
 public:
  static constexpr std::array kBounds_us = {10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3,   2e3,
                                            5e3,  10e3, 20e3, 50e3,  100e3, 200e3, 500e3, 1e6};
  static constexpr std::size_t kBuckets = kBounds_us.size() + 1;

  void observe(std::chrono::nanoseconds latency);
  // Shows what another program has observed, instead.
  void mirror(const std::array<std::uint64_t, kBuckets>& buckets, std::uint64_t sum_ns);
  [[nodiscard]] std::uint64_t in_bucket(std::size_t i) const { return buckets_[i].value(); }
  [[nodiscard]] double sum_seconds() const { return static_cast<double>(sum_ns_.value()) / 1e9; }

 private:
  std::array<Count, kBuckets> buckets_;
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
  Count early_moves_forbidden;  // 0 or 1: Intake::let_children_run_first()
  Count examinations_put_off;
  Count groups_repaired;
  Count sockets_tagged_again;  // containers
  LabelledCount<SweepCause> sweeps;
  LatencyHistogram sweep_duration;
  LatencyHistogram move_latency;
  LabelledCount<SourceLabel> registrations;
  LabelledCount<RegistrationFailure> registration_failures;
  LabelledCount<RefusalReason> policy_refusals;
  NamedCounts hook_registrations;             // by the hook's version
  LabelledCount<HookState> hook_state;        // 1 for the one that holds; all 0: there is no report
  LabelledCount<HookRuntime> hook_reported;   // 0 or 1: the report has that runtime
  LabelledCount<HookRuntime> hook_installed;  // 0 or 1: it will call the hook
  Count nri_reported;                         // 0 or 1: a plugin has reported
  Count nri_connected;                        // 0 or 1
  LabelledCount<NriRequest> nri_requests;
  Count nri_reconnects;
  Count nri_timeouts;
  LatencyHistogram nri_durations;
  Count carry_reported;  // 0 or 1: a carrier has reported
  LabelledCount<CarryState> carry_state;
  Count carriers;                    // gauge
  Count containers_without_carrier;  // gauge
  Count containers_differing;        // gauge
  Count carriers_repaired;
  Count carry_failures;
  Count carry_differing_packets;
  Count carry_uncounted_packets;
  Count carry_late;  // registrations that were answered before the carrier had looked at them
  ClassTraffic class_traffic;
  Count canary_misses;
  Count resubscriptions;
  Count canary_round_trip_ns;  // gauge, of the last one that arrived; 0: the last one was neither heard nor dropped
  Count receive_buffer_bytes;  // gauge
  Count receive_buffer_asked_bytes;  // gauge: what would be given if nothing were in the way
  Count receive_buffer_events;       // gauge; 0: not measured yet
  Count config_reloads;
  Count config_reload_failures;
};

}  // namespace netclsd
