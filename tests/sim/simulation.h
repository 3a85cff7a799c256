// A seeded life of a node with its agent: containers start, fork, exec, are entered, end; events are lost, writes fail,
// the agent stalls, crashes in the middle of a write and comes back. After each quiet moment the promise is checked
// against the world's truth.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tests/sim/node.h"

namespace netclsd {

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // Empty: the promise held. Else what was found in one line, and the last steps.
  [[nodiscard]] std::string run(int steps);
  [[nodiscard]] const FaultCounts& fault_counts() const { return node_.faults.counts; }

 private:
  static constexpr const char* kClassName = "gold";

  enum class Answer { kDone, kRefused, kNotNow };

  void step();
  void live();    // of containers and the host
  void suffer();  // a fault
  void act();     // the agent does something

  // The agent's life. `with_engine` is false if the agent is away, or crashed in the middle.
  bool with_engine(const std::function<void(Engine&)>& call);
  void start_engine();
  void stop_engine();
  void pass_second();  // what the loop does once a second
  void change_policy();

  void start_container();
  void register_late();
  void register_late(const std::string& id);
  void register_again();
  void end_container();
  [[nodiscard]] Answer ask_agent(const SimContainer& container, const RegisterRequest& request);
  void run_hook(const SimContainer& container, bool is_explicit);
  void fall_back(const SimContainer& container, const RegisterRequest& request, bool is_explicit);
  void hint_release(const std::string& id);

  void quiesce();
  void work_off(Engine& engine);
  void keep_appointments(Engine& engine);
  void check();
  void fail(const std::string& what);

  Node node_;
  bool lets_children_run_first_;  // the agent has noticed what the host has
  Counters counters_;
  std::unique_ptr<Engine> engine_;
  ClassPolicy policy_;
  int last_container_ = 0;
  std::string failure_;
};

}  // namespace netclsd
