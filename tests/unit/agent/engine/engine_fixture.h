// The engine over the simulation's world, one step at a time.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "agent/engine/engine.h"
#include "tests/sim/fake_host.h"

namespace netclsd {

class EngineFixture : public testing::Test {
 protected:
  explicit EngineFixture(FakeHostOptions options = {.pid_max = 4'000});

  ~EngineFixture() override { EXPECT_EQ(world_.undrained_writes(), 0U); }

  // A new agent on what the last one left.
  void start();
  void make_engine();  // the same, subscribed but not started
  // An init in the unified path "/pod/ID", which is its own unless another one is said.
  [[nodiscard]] Pid make_init(const std::string& id, const std::string& path = "");
  // One that runs, until the sweep that this asks for is over.
  RegistrationAnswer register_init(const std::string& id, Pid init, const std::string& classid = "10:1");
  // The same, before that sweep.
  RegistrationAnswer register_late(const std::string& id, Pid init, const std::string& classid = "10:1");
  // One whose init waits for its first instruction.
  void register_by_hook(const std::string& id);
  // A process of the host that enters the container, as `runc exec` does.
  [[nodiscard]] Pid enter(const std::string& id);
  void work();
  void audit();

  [[nodiscard]] std::string group_of(Pid pid) { return world_.process(pid).net_cls; }
  [[nodiscard]] bool is_kept(const std::string& id) { return world_.kept().contains(*ContainerId::parse(id)); }
  [[nodiscard]] bool has_reported(const std::string& event) const;
  // Once, just before the engine's next write of `pid` into a group takes effect.
  void before_the_write_of(Pid pid, std::function<void()> happening);

  std::string parent_ = "netclsd";  // of our groups, from the next start() on
  Faults faults_;
  Trace trace_;
  FakeHost world_;
  Counters counters_;
  std::optional<Engine> engine_;
};

}  // namespace netclsd
