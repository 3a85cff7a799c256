// A seeded life of a node: containers start, fork, exec, are entered, end; pids are reused; the agent restarts. After
// each quiet moment the promise is checked against the world's truth.
#pragma once

#include <memory>
#include <random>
#include <string>

#include "tests/sim/fake_host.h"

namespace netclsd {

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed);

  // Empty: the promise held. Else what was found, in one line.
  [[nodiscard]] std::string run(int steps);

 private:
  struct SimContainer {
    std::string id;
    Pid init;
    StartTime init_start;
    ClassId classid;
    bool has_path = true;
  };

  void step();
  void start_engine();
  void restart_engine();
  void start_container();
  void start_while_agent_is_away();
  void enter_container();
  void fork_inside();
  void exec_inside();
  void exit_inside();
  void end_container();
  void host_life();
  void disturb();  // what the world does between the engine's look and its write

  void quiesce();
  [[nodiscard]] std::string check();
  [[nodiscard]] std::string check_process(Pid pid, const FakeProcess& process) const;

  [[nodiscard]] Pid make_init(const SimContainer& container);
  [[nodiscard]] RegisterRequest request_for(const SimContainer& container, Pid init);
  [[nodiscard]] std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  [[nodiscard]] SimContainer* any_container();
  [[nodiscard]] Pid any_process_of(const SimContainer& container);

  std::mt19937_64 random_;
  FakeHost world_;
  Counters counters_;
  std::unique_ptr<Engine> engine_;
  std::vector<SimContainer> containers_;
  int last_container_ = 0;
  bool needs_audit_ = false;  // something happened that only an audit can find
  std::string failure_;
};

}  // namespace netclsd
