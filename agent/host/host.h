// The outside world, as the engine sees it. agent/host and agent/events implement it on the real machine, FakeHost
// (tests/sim) in memory. What only containers need is in agent/containers/containers_host.h. All of it is called by the
// loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/membership/event.h"
#include "agent/membership/process_facts.h"
#include "common/api/messages.h"
#include "common/net_cls/group.h"

namespace netclsd {

// /proc (proc(5)). std::nullopt: the process has ended, or is a zombie.
class Processes {
 public:
  virtual ~Processes() = default;
  virtual Result<std::vector<Pid>> list() = 0;
  virtual std::optional<ProcessFacts> facts(Pid pid) = 0;
  // For final decisions: std::nullopt only if the process has ended for certain. Errors: kUnavailable if nothing can be
  // read now (no descriptor, no memory), kSystem if only this process cannot be read.
  virtual Result<std::optional<ProcessFacts>> look_at(Pid pid) = 0;
  // Cheap: the leader thread's file. Out of date for a zombie, and for a leader that has exited: facts() is not.
  virtual std::optional<CgroupPaths> cgroups(Pid pid) = 0;
  virtual std::optional<StartTime> start_time(Pid pid) = 0;
  virtual std::string comm(Pid pid) = 0;
  virtual NamespaceFacts namespaces(Pid pid) = 0;  // what cannot be read is 0
};

// A walk through a cgroup and all cgroups below it, a part at a time.
class CgroupWalk {
 public:
  enum class Progress {
    kMore,
    kDone,
    kUntold  // not all of it is visible from here; look in /proc instead
  };
  virtual ~CgroupWalk() = default;
  // Reads at most `groups_left` cgroups, subtracts those that were read, and adds the processes in them to `pids`.
  virtual Progress go_on(std::size_t& groups_left, std::vector<Pid>& pids) = 0;
};

// The cgroup hierarchies that are mounted and visible to this agent. A process that has been given a cgroup may make
// millions below it. So no call here reads all of them at once.
class Cgroups {
 public:
  static constexpr std::size_t kGroupsAtOnceMax = 128;  // some 25 µs each

  virtual ~Cgroups() = default;
  // At that path or below it. std::nullopt: not visible from here, or too many cgroups; look in /proc instead.
  virtual std::optional<std::vector<Pid>> processes_at(const CgroupEntry& entry) = 0;
  // The same without a limit. Null: not visible from here.
  virtual std::unique_ptr<CgroupWalk> walk(const CgroupEntry& entry) = 0;
  // The hierarchy is visible, and has no such directory.
  virtual bool is_gone(const CgroupEntry& entry) = 0;
};

// Groups, named by their directory relative to the net_cls mount; "" is the mount's root. kNotFound: there is no such
// group, or the hierarchy is not mounted. Then make() is kNotMounted.
class NetCls {
 public:
  static constexpr std::size_t kGroupsBelowMax = 1'000;

  virtual ~NetCls() = default;
  // kNotMounted if no group could be made below our group `parent`.
  virtual Result<void> expect_ready(const std::string& parent) = 0;
  virtual Result<void> make(const std::string& directory) = 0;
  virtual Result<AttachOutcome> attach(const std::string& directory, Pid pid) = 0;
  virtual Result<std::uint32_t> classid(const std::string& directory) = 0;
  virtual Result<void> set_classid(const std::string& directory, std::uint32_t raw) = 0;
  virtual Result<std::vector<Pid>> processes(const std::string& directory) = 0;  // empty too when it is gone
  virtual Result<RemoveOutcome> remove(const std::string& directory) = 0;
  virtual Result<std::vector<std::string>> children(const std::string& directory) = 0;  // their names
  // The directories of all groups below it, a parent before its children. kTooLarge: more than kGroupsBelowMax.
  virtual Result<std::vector<std::string>> below(const std::string& directory) = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime monotonic() = 0;
  virtual WallTime wall() = 0;
  virtual std::chrono::nanoseconds boot_offset() = 0;  // CLOCK_BOOTTIME - CLOCK_MONOTONIC
};

// Reports the exit of an init to the loop (Engine::on_exit). watch() is false if it has exited already.
class ExitWatch {
 public:
  virtual ~ExitWatch() = default;
  virtual Result<bool> watch(Pid pid) = 0;
  virtual void forget(Pid pid) = 0;
};

struct EventBatch {
  std::span<const ProcessEvent> events;  // until the next call of the source
  std::uint64_t dropped = 0;             // lost before the last of `events` was queued, and not reported before
  bool has_more = false;                 // there may be more
};

// Whether events are proven to arrive. kHealed: they did not, and now do again.
enum class Pulse { kAlive, kHealed, kDeaf };

class EventSource {
 public:
  // A drain takes no more, so that new events cannot keep it going for ever. Of 64 events each: that is more than the
  // largest receive buffer that anybody asks for holds.
  static constexpr std::size_t kBatchesPerDrainMax = 4'096;

  virtual ~EventSource() = default;
  // The next of what has arrived, without waiting.
  virtual EventBatch take() = 0;
  // Sends an event of our own and looks whether it arrives; if it does not, tries to heal the stream. What else arrives
  // meanwhile is kept for take(). Drain first, so that this is little.
  virtual Pulse check_pulse() = 0;
};

// What went wrong without anybody waiting for the answer; the agent logs it.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void swept(const char* cause, const SweepReport& report) = 0;
  virtual void overrun(std::uint64_t dropped) = 0;
  virtual void problem(const char* event, const std::string& object, const Error& error) = 0;
};

// References: everything here outlives the engine.
struct Host {
  Processes& processes;
  Cgroups& cgroups;
  NetCls& net_cls;
  Clock& clock;
  ExitWatch& exits;
  EventSource& events;
  Reporter& reporter;
};

}  // namespace netclsd
