// The kernel and the disk in memory: one world behind all interfaces of agent/host/host.h, so that fakes cannot
// disagree. It keeps the truth that the engine can only guess at: which container each process really belongs to.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "agent/engine/engine.h"
#include "tests/sim/faults.h"
#include "tests/sim/trace.h"

namespace netclsd {

struct FakeProcess {
  Pid parent;
  StartTime start_time;
  std::string unified = "/";
  std::string net_cls = "/";
  Pid reaper{1};                     // which process gets its orphans: the init of its pid namespace
  std::uint64_t pid_namespace = 1;   // 1: the host's
  std::uint64_t root_mount = 0;      // 0: every pid namespace has its own
  std::optional<std::string> owner;  // the truth: the container's id
  bool has_leader_exited = false;    // then its own files show "/" on v1 and what was on v2
  std::string unified_of_leader;     // what was
  bool came_from_another = false;    // it, or who it descends from, was exec'd by a member of another container
  bool keeps_leaving = false;        // its group
  MonotonicTime linked_at{0};        // when its fork links it to its cgroups
};

struct FakeHostOptions {
  bool sees_cgroups = true;            // mounted; else only /proc tells who is at a path
  bool may_trace = true;               // else nobody's /proc/PID/ns/pid can be read but the agent's own
  std::int32_t pid_max = 400;          // small, so that numbers are soon reused
  std::size_t events_max = 1'000'000;  // what the receive buffer holds; the kernel drops the rest, and counts it
  // A fork's event comes before the end of the fork, and to move the child in between crashes the kernel. Forks take
  // long enough for the agent to do that.
  bool has_favordynmods = false;
};

class FakeHost : public Processes,
                 public Cgroups,
                 public NetCls,
                 public Clock,
                 public ExitWatch,
                 public EventSource,
                 public RegistrationStore,
                 public Spool,
                 public Reporter,
                 public ContainerReporter {
 public:
  static constexpr Pid kInit{1};
  static constexpr Pid kAgent{2};

  // Both outlive the host.
  FakeHost(FakeHostOptions options, Faults& faults, Trace& trace);

  // The world moves. Times pass with each.
  Pid fork(Pid creator);
  Pid fork_with_parents_parent(Pid creator);  // CLONE_PARENT: the event names the creator's parent
  void exec(Pid pid);
  void exit(Pid pid);
  void reuse(Pid pid);  // the number, which is free, goes to a new process of the host
  void move_to(Pid pid, const std::string& unified_path) { processes_.at(pid).unified = unified_path; }
  void pass(std::chrono::nanoseconds time) { now_ += time; }
  void suspend(std::chrono::nanoseconds time) { boot_offset_ += time; }  // the monotonic clock stands still
  // A tenant makes cgroups below its own in the unified hierarchy, with nobody in them.
  void make_cgroups(const std::string& unified_path, std::size_t cgroups) { made_cgroups_[unified_path] = cgroups; }
  // That the engine looked into.
  [[nodiscard]] std::size_t cgroups_seen() const { return cgroups_seen_; }

  // Losing events: the next `events` are dropped and counted; or all vanish uncounted, until the end of the silence.
  void drop_next(std::uint64_t events) { to_drop_ = events; }
  void set_silent(bool is_silent) { is_silent_ = is_silent; }
  [[nodiscard]] bool is_silent() const { return is_silent_; }  // until the agent checks its pulse
  // Of the listeners' sockets that lived long enough to tell.
  [[nodiscard]] std::uint64_t drops_told() const { return drops_told_; }

  // What people, hooks and runtimes do to the hierarchy, past the engine.
  void set_group_by_hand(const std::string& directory, std::uint32_t classid) {
    is_mounted = true;
    groups_[directory] = classid;
  }
  void make_group_by_hand(const std::string& directory);  // with those above it; each copies its parent's classid
  void exit_leader(Pid pid);                              // its thread alone
  void leave();                                           // whoever keeps leaving
  // The next exit that is watched is not reported.
  void lose_next_exit() { is_next_exit_lost_ = true; }
  [[nodiscard]] bool has_lost_exit() const { return has_lost_exit_; }
  [[nodiscard]] bool take_lost_exit() { return std::exchange(has_lost_exit_, false); }
  void remove_group_by_hand(const std::string& directory);  // a group can only be removed when it is empty
  void move_by_hand(Pid pid, const std::string& directory);
  // By others, when no container needs the hierarchy any more (common/net_cls/own_mount.h): there are no groups then.
  void unmount();
  [[nodiscard]] bool is_unused() const;
  bool is_mounted = true;
  [[nodiscard]] std::size_t count_in(const std::string& directory) const;

  [[nodiscard]] bool is_alive(Pid pid) const { return processes_.contains(pid); }
  [[nodiscard]] FakeProcess& process(Pid pid) { return processes_.at(pid); }
  [[nodiscard]] const std::map<Pid, FakeProcess>& all() const { return processes_; }
  [[nodiscard]] std::vector<Pid> owned_by(const std::string& id) const;
  [[nodiscard]] std::optional<std::uint32_t> class_of(const std::string& net_cls_path) const;
  [[nodiscard]] const std::map<std::string, std::uint32_t>& groups() const { return groups_; }
  [[nodiscard]] bool is_full() const { return processes_.size() + kSpare > static_cast<std::size_t>(options_.pid_max); }
  // Successful moves into a class that the engine was told of.
  [[nodiscard]] std::size_t moves() const { return moves_; }
  // Processes that the engine moved while they were being forked.
  [[nodiscard]] std::size_t kernel_crashes() const { return kernel_crashes_; }
  // Writes of groups, each after another one with no drain in between.
  [[nodiscard]] std::size_t undrained_writes() const { return undrained_writes_; }
  [[nodiscard]] const std::map<ContainerId, Registration>& kept() const { return kept_; }
  [[nodiscard]] const std::map<std::string, SpoolEntry>& spool() const { return spool_; }
  [[nodiscard]] std::size_t watched() const { return watched_.size(); }

  // What happens between the engine's look at a process and its next step; `target` is of an attach.
  std::function<void(std::optional<Pid> target)> interleave = [](std::optional<Pid>) {};
  // Inits that ended while watched; the loop hands them to Engine::on_exit.
  std::vector<Pid> take_exits();
  // The agent is gone: nobody listens, nobody watches.
  void lose_listener();
  [[nodiscard]] bool has_events() const { return !events_.empty() || drops_untold_ > 0; }
  void leave_in_spool(const SpoolEntry& entry) { spool_.insert_or_assign(entry.id.text() + ".json", entry); }

  ContainersHost host() { return {{*this, *this, *this, *this, *this, *this, *this}, *this, *this, *this}; }

  // Processes
  Result<std::vector<Pid>> list() override;
  std::optional<ProcessFacts> facts(Pid pid) override;
  Result<std::optional<ProcessFacts>> look_at(Pid pid) override;
  std::optional<CgroupPaths> cgroups(Pid pid) override;
  std::optional<StartTime> start_time(Pid pid) override;
  std::string comm(Pid) override { return "fake"; }
  NamespaceFacts namespaces(Pid pid) override;
  // Cgroups
  std::optional<std::vector<Pid>> processes_at(const CgroupEntry& entry) override;
  bool is_gone(const CgroupEntry&) override { return false; }
  std::unique_ptr<CgroupWalk> walk(const CgroupEntry& entry) override;
  // NetCls
  Result<void> expect_ready(const std::string& parent) override;
  Result<void> make(const std::string& directory) override;
  Result<AttachOutcome> attach(const std::string& directory, Pid pid) override;
  Result<std::uint32_t> classid(const std::string& directory) override;
  Result<void> set_classid(const std::string& directory, std::uint32_t raw) override;
  Result<std::vector<Pid>> processes(const std::string& directory) override;
  Result<RemoveOutcome> remove(const std::string& directory) override;
  Result<std::vector<std::string>> children(const std::string& directory) override;
  Result<std::vector<std::string>> below(const std::string& directory) override;
  // Clock
  MonotonicTime monotonic() override { return now_ += std::chrono::microseconds{1}; }
  WallTime wall() override { return WallTime(std::chrono::duration_cast<WallTime::duration>(now_)); }
  std::chrono::nanoseconds boot_offset() override { return boot_offset_; }
  // ExitWatch
  Result<bool> watch(Pid pid) override;
  void forget(Pid pid) override { watched_.erase(pid); }
  // EventSource
  EventBatch take() override;
  Pulse check_pulse() override;
  // RegistrationStore
  Result<void> save(const Registration& registration) override;
  Result<void> remove(const ContainerId& id) override;
  std::vector<Result<Registration>> load() override;
  // Spool
  void look() override;
  std::vector<SpoolItem> take(std::size_t entries_max) override;
  void discard(const std::string& name) override;
  void set_aside(const std::string& name) override { discard(name); }
  // Reporter
  void registered(const Registration&) override {}
  void released(const ContainerId&) override {}
  void refused(const Refused& refused) override { refusals.push_back(refused); }
  void swept(const char* cause, const SweepReport& report) override {
    trace_.note("swept", {}, cause, static_cast<std::int64_t>(report.strays));
  }
  void overrun(std::uint64_t dropped) override { trace_.note("overrun", {}, "", static_cast<std::int64_t>(dropped)); }
  void problem(const char* event, const std::string& object, const Error& error) override;

  // Nobody can be looked at: no descriptor is left (EMFILE). And whom nobody can look at, ever (ENAMETOOLONG).
  int looks_fail_with = 0;
  std::set<Pid> unreadable;

  std::size_t classid_reads = 0;
  std::size_t classid_writes = 0;
  std::size_t member_reads = 0;  // of a group's processes
  std::vector<std::string> problems;
  std::vector<Refused> refusals;

 private:
  static constexpr std::size_t kSpare = 50;

  class Walk;

  Pid new_process(Pid creator, Pid parent);
  [[nodiscard]] bool was_freed_lately(Pid pid) const;
  [[nodiscard]] bool is_half_born(const FakeProcess& process) const { return now_ < process.linked_at; }
  [[nodiscard]] std::vector<Pid> processes_within(const CgroupEntry& entry) const;
  void tell(const ProcessEvent& event);
  void note_write();

  FakeHostOptions options_;
  Faults& faults_;
  Trace& trace_;
  std::map<Pid, FakeProcess> processes_;
  std::map<std::string, std::uint32_t> groups_;      // directory → classid
  std::map<std::string, std::size_t> made_cgroups_;  // unified path → how many below it
  std::size_t cgroups_seen_ = 0;
  std::deque<ProcessEvent> events_;
  std::vector<ProcessEvent> batch_;  // that was handed out last
  bool is_drained_ = true;           // since the last write
  std::size_t undrained_writes_ = 0;
  bool is_silent_ = false;
  bool is_next_exit_lost_ = false;
  bool has_lost_exit_ = false;
  std::uint64_t to_drop_ = 0;
  std::uint64_t drops_untold_ = 0;
  std::uint64_t drops_told_ = 0;
  std::map<Pid, MonotonicTime> freed_;  // when
  std::set<Pid> watched_;
  std::vector<Pid> exited_;
  std::map<ContainerId, Registration> kept_;
  std::set<ContainerId> unread_;  // of those
  bool has_loaded_ = false;       // by the agent that runs
  std::map<std::string, SpoolEntry> spool_;
  std::deque<std::string> spool_waiting_;
  MonotonicTime now_ = std::chrono::seconds{100};
  std::chrono::nanoseconds boot_offset_ = std::chrono::seconds{7};
  std::int32_t last_pid_ = 2;
  std::size_t moves_ = 0;
  std::size_t kernel_crashes_ = 0;
};

}  // namespace netclsd
