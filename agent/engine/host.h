// The outside world, as the engine sees it. agent/kernel and agent/state implement it on the real machine, FakeHost
// (tests/support) in memory. All of it is called by the loop thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/event.h"
#include "agent/core/process_facts.h"
#include "agent/engine/refused.h"
#include "agent/engine/registration.h"
#include "common/api/messages.h"
#include "common/net_cls/group.h"

namespace netclsd {

// /proc. A process that has ended, or of which only a zombie is left, is std::nullopt.
class Processes {
 public:
  virtual ~Processes() = default;
  virtual Result<std::vector<Pid>> list() = 0;
  virtual std::optional<ProcessFacts> facts(Pid pid) = 0;
  // Cheap: what the leader thread's file says. Stale for a zombie, and for a leader that has exited; facts() is right.
  virtual std::optional<CgroupPaths> cgroups(Pid pid) = 0;
  virtual std::optional<StartTime> start_time(Pid pid) = 0;
  virtual std::string comm(Pid pid) = 0;
  virtual NamespaceFacts namespaces(Pid pid) = 0;  // what cannot be read, or is gone, is 0
};

// The cgroup hierarchies that this agent can see mounted.
class Cgroups {
 public:
  virtual ~Cgroups() = default;
  // At that path or below it. std::nullopt: not visible from here; only /proc tells.
  virtual std::optional<std::vector<Pid>> processes_at(const CgroupEntry& entry) = 0;
};

// Groups by their directory relative to the net_cls mount; "" is the mount's root.
class NetCls {
 public:
  virtual ~NetCls() = default;
  virtual Result<void> make(const std::string& directory) = 0;
  virtual Result<AttachOutcome> attach(const std::string& directory, Pid pid) = 0;
  virtual Result<std::uint32_t> classid(const std::string& directory) = 0;
  virtual Result<void> set_classid(const std::string& directory, std::uint32_t raw) = 0;
  virtual Result<std::vector<Pid>> processes(const std::string& directory) = 0;  // empty too when it is gone
  virtual Result<RemoveOutcome> remove(const std::string& directory) = 0;
  virtual Result<std::vector<std::string>> children(const std::string& directory) = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime monotonic() = 0;
  virtual WallTime wall() = 0;
  virtual std::chrono::nanoseconds boot_offset() = 0;  // CLOCK_BOOTTIME - CLOCK_MONOTONIC
};

// Tells the loop when an init ends (Engine::on_exit). watch() is false if it has ended already.
class ExitWatch {
 public:
  virtual ~ExitWatch() = default;
  virtual Result<bool> watch(Pid pid) = 0;
  virtual void forget(Pid pid) = 0;
};

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on_event(const ProcessEvent& event) = 0;
  virtual void on_dropped(std::uint64_t events) = 0;
};

class EventSource {
 public:
  virtual ~EventSource() = default;
  // Delivers what has arrived, without waiting. Bounded: at most one receive buffer's worth.
  virtual void drain(EventSink& sink) = 0;
};

class RegistrationStore {
 public:
  virtual ~RegistrationStore() = default;
  virtual Result<void> save(const Registration& registration) = 0;
  virtual Result<void> remove(const ContainerId& id) = 0;
  virtual std::vector<Result<Registration>> load() = 0;
};

struct SpoolItem {
  std::string name;
  Result<SpoolEntry> entry;
};

class Spool {
 public:
  virtual ~Spool() = default;
  virtual void look() = 0;  // notes what is there
  // Of what was there at the last look, in the order it was left, the next ones; each is given once.
  virtual std::vector<SpoolItem> take(std::size_t entries_max) = 0;
  virtual void discard(const std::string& name) = 0;
  virtual void set_aside(const std::string& name) = 0;  // it is not given again
};

// What went wrong without anybody waiting for the answer; the agent logs it.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void registered(const Registration& registration) = 0;
  virtual void released(const ContainerId& id) = 0;
  virtual void refused(const Refused& refused) = 0;  // by the policy
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
  RegistrationStore& store;
  Spool& spool;
  Reporter& reporter;
};

}  // namespace netclsd
