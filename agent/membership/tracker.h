// The processes of all targets as the event stream tells them, and what must be done about each. Pure: takes
// values, returns what to examine; used by the loop thread only.
//
// Inheritance is proven, not assumed: a fork later than the end of the parent's cgroup.procs write is born in the
// parent's group, because the kernel's fork and migration sections exclude each other and the event's time is taken
// inside the fork's (no contradiction in 126,885 forks measured). Such a fork costs no read and no move.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <variant>
#include <vector>

#include "agent/membership/event.h"
#include "agent/membership/pid_map.h"
#include "agent/membership/targets.h"
#include "common/model/process.h"

namespace netclsd {

// How a process got to be known as a member.
enum class JoinCause { kRegister, kFork, kExec, kSweep, kInherited };
[[nodiscard]] const char* to_string(JoinCause cause);

// 32 bytes: with the pid it is 40 of the table's memory. The order of the members matters for that.
struct TrackedProcess {
  TrackedProcess(TargetNumber its_target, StartTime start, MonotonicTime noticed, MonotonicTime placed,
                 JoinCause its_cause)
      : start_time(start), noticed_at(noticed), placed_since(placed), target(its_target), cause(its_cause) {}

  StartTime start_time;        // from the fork's time stamp or from /proc: right to kStartSlack_ticks
  MonotonicTime noticed_at;    // the event's time, or when /proc was read
  MonotonicTime placed_since;  // forks later than this are born in the group; kNotPlaced: not known to be placed
  TargetNumber target;
  JoinCause cause;
};
static_assert(sizeof(TrackedProcess) == 32);

inline constexpr MonotonicTime kNotPlaced = MonotonicTime::max();
inline constexpr MonotonicTime kPlacedFromBirth = MonotonicTime::min();

// A fork's event is stamped shortly after the child's start time is taken; between them the kernel may be preempted.
inline constexpr std::uint64_t kStartSlack_ticks = 5;
[[nodiscard]] bool is_same_start(StartTime a, StartTime b);

// Look at this process before anything is decided.
struct Examine {
  Pid pid;
  JoinCause cause;
  MonotonicTime event_at;
  Pid parent{};  // set if it was unknown at the time of the event: when the child is examined, it may be a member
  friend bool operator==(const Examine&, const Examine&) = default;
};

struct NotMember {
  friend bool operator==(NotMember, NotMember) = default;
};
// It may be a member by descent alone, and descent cannot be trusted now: the coming sweep decides.
struct Undecided {
  friend bool operator==(Undecided, Undecided) = default;
};
struct Placed {
  TargetNumber target;
  friend bool operator==(const Placed&, const Placed&) = default;
};
struct Attach {
  TargetNumber target;
  // Its path does not say that it is a member, only its descent: it must be the process that was forked.
  bool must_have_start_time = false;
  friend bool operator==(const Attach&, const Attach&) = default;
};
using Verdict = std::variant<NotMember, Undecided, Placed, Attach>;

class Tracker : public TargetObserver {
 public:
  // `targets` outlives the tracker.
  explicit Tracker(const Targets& targets) : targets_(targets) {}

  // CLOCK_BOOTTIME - CLOCK_MONOTONIC: process start times count suspended time, event times do not.
  void set_boot_offset(std::chrono::nanoseconds offset) { boot_offset_ = offset; }
  [[nodiscard]] std::chrono::nanoseconds boot_offset() const { return boot_offset_; }

  std::optional<Examine> on(const ProcessEvent& event);

  // The number was given away since, or its process was examined: something newer is known.
  [[nodiscard]] bool is_outdated(const Examine& examine) const;

  // A process with that start time was born before that moment.
  [[nodiscard]] bool is_born_before(StartTime start_time, MonotonicTime moment) const {
    return start_time < start_time_at(moment);
  }

  // It was born, or exec'd, at that moment or later, and is to be examined.
  [[nodiscard]] bool is_suspect_since(Pid pid, MonotonicTime moment) const;

  // The process is being looked at: whatever it forks from now on is known by the verdict.
  void settle(Pid pid) { suspects_.erase(pid); }

  // A process that was not tracked at its fork, because its parent was a stranger then or descent was not trusted, and
  // whose parent is known by now, descends from it.
  void inherit(const Examine& examine);

  // Whose member the process is, by its path and by what is known of its descent; the nearest one.
  [[nodiscard]] std::optional<TargetNumber> owner_of(Pid pid, const CgroupPaths& cgroups) const;

  // What to do with a process whose cgroups were just read. Changes nothing.
  [[nodiscard]] Verdict judge(Pid pid, const CgroupPaths& cgroups) const;

  void put(Pid pid, const TrackedProcess& process) {
    has_grown_ |= processes_.insert_or_assign(pid, process).second;
    if (suspects_.empty()) return;
    const auto suspect = suspects_.find(pid);  // read after what made it one: its examination will be outdated
    if (suspect != suspects_.end() && suspect->second < process.noticed_at) suspects_.erase(suspect);
  }
  void forget(Pid pid) { processes_.erase(pid); }
  void on_target_removed(TargetNumber number, const Target& target) override;
  // Drops what was noticed before `moment` and is not in `others`: it ended, or its number is somebody else's by now,
  // and nobody told us.
  void forget_all_but(const std::unordered_set<Pid>& others, MonotonicTime moment);
  void forget_suspects(const std::unordered_set<Pid>& alive, MonotonicTime moment);
  // True if a process was added since the last forget_all_but().
  [[nodiscard]] bool has_grown() const { return has_grown_; }
  // After lost events a parent's pid may be another process's. Until all of /proc has been read, and nothing was lost
  // meanwhile, nobody joins by descent alone: forks are looked at, and only their path makes them members.
  void distrust_descent();
  // Around a reading of all of /proc: a stranger that forks meanwhile may turn out to be a member, and its child may
  // not be in what was read. So such children are suspects.
  // `is_registering`: a container whose processes are not claimed yet.
  void begin_reading(bool is_registering = false);
  void end_reading(bool is_complete);

  // True if `predicate(pid, process)` holds for a process of `target`.
  template <typename Predicate>
  [[nodiscard]] bool any_of(TargetNumber target, const Predicate& predicate) const {
    return std::any_of(processes_.begin(), processes_.end(), [&](const auto& entry) {
      return entry.second.target == target && predicate(entry.first, entry.second);
    });
  }
  // The processes known of `target`, in no order; some may have ended.
  [[nodiscard]] std::vector<Pid> processes_of(TargetNumber target) const;

  // How many processes are known of each target that has one. Counted when asked, in one pass: to keep a count at each
  // fork took as long as half of all else that is decided about it.
  using Counts = boost::unordered_flat_map<std::uint32_t, std::size_t>;  // by the target's number
  [[nodiscard]] Counts counts() const;
  [[nodiscard]] std::size_t count_of(TargetNumber target) const;

  // Holds until the next change.
  [[nodiscard]] const TrackedProcess* find(Pid pid) const;
  // For how many processes memory is taken.
  [[nodiscard]] std::size_t room() const { return processes_.bucket_count(); }
  [[nodiscard]] std::size_t size() const { return processes_.size(); }

 private:
  std::optional<Examine> on_fork(const Forked& event);
  std::optional<Examine> on_strangers_fork(const Forked& event);
  std::optional<Examine> suspect(const Forked& event);
  std::optional<Examine> on_exec(const Execed& event);
  [[nodiscard]] StartTime start_time_at(MonotonicTime moment) const;
  // Then it is not who had that number at that moment.
  [[nodiscard]] bool is_younger(const TrackedProcess& process, MonotonicTime moment) const;

  const Targets& targets_;
  std::chrono::nanoseconds boot_offset_{0};
  bool has_grown_ = false;
  bool is_descent_trusted_ = true;
  bool is_reading_ = false;
  bool has_lost_while_reading_ = false;
  PidMap<TrackedProcess> processes_;
  // Processes that exec'd and were not examined yet, and their children: an entrant may fork before it is examined, and
  // it may be another container's member. Also children of strangers, born while all of /proc is being read.
  // With the time of the first event that made each one.
  PidMap<MonotonicTime> suspects_;
};

}  // namespace netclsd
