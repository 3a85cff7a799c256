// How long a process number could be given away between the engine's look at a process and its write: printed, since
// times are no test's business. Asserted is that each stray was looked at and written once.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "agent/events/event_stream.h"
#include "agent/host/clock.h"
#include "agent/host/event_loop.h"
#include "agent/host/mounted_cgroups.h"
#include "agent/log_reporter.h"
#include "agent/placing/mover.h"
#include "common/base/file.h"
#include "tests/kernel/kernel_fixture.h"

namespace netclsd {
namespace {

using SteadyClock = std::chrono::steady_clock;

class TimedProcesses : public Procfs {
 public:
  using Procfs::Procfs;
  std::optional<ProcessFacts> facts(Pid pid) override {
    looked_at = SteadyClock::now();
    return Procfs::facts(pid);
  }
  SteadyClock::time_point looked_at;
};

class TimedGroups : public NetClsGroups {
 public:
  TimedGroups(UniqueFd root, const TimedProcesses& processes) : NetClsGroups(std::move(root)), processes_(processes) {}
  Result<AttachOutcome> attach(const std::string& directory, Pid pid) override {
    windows_us.push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - processes_.looked_at).count());
    return NetClsGroups::attach(directory, pid);
  }
  std::vector<double> windows_us;

 private:
  const TimedProcesses& processes_;
};

class WriteWindowTest : public KernelTest {};

TEST_F(WriteWindowTest, ALookAtTheProcessComesRightBeforeEachWrite) {
  TimedProcesses processes(open_directory("/proc").value());
  TimedGroups groups(open_directory(mount_.mount_point).value(), processes);
  EventLoop loop = EventLoop::make().value();
  Counters counters;
  SystemClock clock;
  MountedCgroups cgroups({});
  LogReporter reporter;
  PidfdExitWatch exits{loop, [](Pid) {}};
  EventStream events(loop, processes.root(), counters, {.self = Pid{::getpid()}});
  ASSERT_EQ(events.subscribe().value(), Pulse::kAlive);
  Host host{processes, cgroups, groups, clock, exits, events, reporter};
  Targets targets("/");
  Tracker tracker(targets);
  Intake intake(events, clock, reporter, tracker, counters);
  Mover mover(host, intake, targets, tracker, counters, "/");

  constexpr int kProcesses = 100;
  ASSERT_TRUE(groups.make(parent_ + "/c1").has_value());
  const TargetNumber number =
      targets.add({.owner = "c1", .choice = {*ClassId::from_raw(1)}, .directory = parent_ + "/c1"});
  std::vector<TestProcess> members;
  for (int i = 0; i < kProcesses; ++i) {
    members.push_back(TestProcess::sleeping());
    const Pid pid = members.back().pid();
    tracker.put(pid, {number, *processes.start_time(pid), clock.monotonic(), kNotPlaced, JoinCause::kSweep});
    EXPECT_EQ(mover.examine({pid, JoinCause::kSweep, clock.monotonic()}), MoveOutcome::kMoved);
  }
  std::vector<double>& windows_us = groups.windows_us;
  ASSERT_EQ(windows_us.size(), static_cast<std::size_t>(kProcesses));
  std::sort(windows_us.begin(), windows_us.end());
  std::cout << "from the look to the write: median " << windows_us[kProcesses / 2] << " us, longest "
            << windows_us.back() << " us\n";
}

}  // namespace
}  // namespace netclsd
