// The engine over the simulation's world, one step at a time.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "agent/engine/engine.h"
#include "tests/sim/fake_host.h"

namespace netclsd {

class EngineFixture : public testing::Test {
 protected:
  EngineFixture();

  // A new agent on what the last one left.
  void start();
  // An init in the unified path "/pod/ID", which is its own unless another one is said.
  [[nodiscard]] Pid make_init(const std::string& id, const std::string& path = "");
  RegistrationAnswer register_init(const std::string& id, Pid init, const std::string& classid = "10:1");
  // A process of the host that enters the container, as `runc exec` does.
  [[nodiscard]] Pid enter(const std::string& id);
  void work();
  void audit();

  [[nodiscard]] std::string group_of(Pid pid) { return world_.process(pid).net_cls; }
  [[nodiscard]] bool has_reported(const std::string& event) const;
  // Once, just before the engine's next write of `pid` into a group takes effect.
  void before_the_write_of(Pid pid, std::function<void()> happening);

  Faults faults_;
  Trace trace_;
  FakeHost world_{{.pid_max = 4'000}, faults_, trace_};
  Counters counters_;
  std::optional<Engine> engine_;
};

}  // namespace netclsd
