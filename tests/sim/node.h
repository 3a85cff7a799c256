// A node's life without the agent: containers with their processes, people who edit the hierarchy by hand, and the rest
// of the host. It knows the truth; the engine must find it out.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "tests/sim/fake_host.h"

namespace netclsd {

struct SimContainer {
  std::string id;
  Pid init;
  ClassId classid = *ClassId::from_raw(1);
  std::string unified = "/";          // where its processes are
  bool has_own_path = true;           // `unified` is its alone
  bool shares_pid_namespace = false;  // hostPID: its orphans go to somebody else, and it may outlive its init
  std::string outer;                  // the container it runs inside of, or empty
  bool is_managed = true;             // a class applies, or will: false until it is registered late
  bool is_late = false;               // no hook ran: somebody registers it while it runs
  bool is_asked_for = false;          // somebody tried to
  std::string group = "";             // cgroup v1: the runtime's own in the net_cls hierarchy; empty on v2
};

class Node {
 public:
  Node(std::uint64_t seed, FakeHostOptions options)
      : random_(seed), is_net_cls_the_runtimes_(seed % 2 == 0), world(options, faults, trace) {}

  [[nodiscard]] std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  [[nodiscard]] bool one_in(std::uint64_t n) { return pick(n) == 0; }

  // The life of processes. All of these do nothing where there is nobody to do it.
  void fork_inside();
  void exec_inside();
  void exit_inside();
  void enter();  // `runc exec`: a child of the shim, in the container's path before it runs, and unknown until its exec
  void host_life();
  void host_storm(int processes);  // numbers go round
  void exit_leader_inside();
  // A process without a class joins a container's pid namespace (`kubectl debug --target`): the init there gets its
  // orphans.
  void join_pid_namespace(const std::string& id);
  // Docker in docker, kind, LXC: a process makes a group below its own and goes there.
  void make_subgroup();
  void start_leaving();  // a process of a privileged container leaves its group again and again

  // Its processes and files are there; nobody has registered it.
  SimContainer make_container(const std::string& id, ClassId classid, bool is_late = false);
  [[nodiscard]] SimContainer* any_late();
  [[nodiscard]] std::vector<std::string> asked_for_in_vain() const;  // late ones that run and are not kept
  // Its init ends, and with it the processes of its pid namespace, those of containers inside it included.
  // `between` is called between one end and the next.
  void end(const SimContainer& container, const std::function<void()>& between);
  void forget_ended();  // containers without a process left; the runtime removes their groups

  // What only an audit can find.
  void edit_by_hand();
  // The world goes on between the engine's look and its write into a group.
  void disturb(std::optional<Pid> target);

  [[nodiscard]] const SimContainer* find(const std::string& id) const;
  // A container has the id, or is inside one that had it, or below its path: the runtime could not have removed that.
  [[nodiscard]] bool is_in_use(const std::string& id) const;
  [[nodiscard]] const SimContainer* any_container();
  [[nodiscard]] std::size_t leavers() const;
  [[nodiscard]] bool is_in_its_class(Pid pid) const;
  // Of one that was registered late the path could not be told then.
  [[nodiscard]] bool is_a_path_looked_for() const;
  [[nodiscard]] bool is_init_alive(const SimContainer& container) const;
  // Something happened that neither an event nor an overrun tells of.
  [[nodiscard]] bool needs_audit() const { return needs_audit_; }
  [[nodiscard]] bool take_needs_audit() { return std::exchange(needs_audit_, false); }
  // Its hook runs: it has not run an instruction yet.
  void set_starting(std::string id) { starting_ = std::move(id); }
  void ask_for_audit() { needs_audit_ = true; }

  std::vector<SimContainer> containers;
  std::vector<std::string> ended_ids;

 private:
  static constexpr Pid kShim{FakeHost::kInit};  // runtimes' shims are the host's processes
  static constexpr int kNestingMax = 3;

  [[nodiscard]] std::optional<Pid> any_process_of(const SimContainer& container);
  [[nodiscard]] const SimContainer* choose_outer();
  [[nodiscard]] bool is_known(const SimContainer& container) const;
  [[nodiscard]] bool can_fork(Pid creator) const;
  [[nodiscard]] bool is_namespace_alive(const FakeProcess& process) const;
  [[nodiscard]] const SimContainer* owner_of_init(Pid init) const;  // which lives
  [[nodiscard]] bool is_among(const std::string& net_cls_path, const SimContainer& container) const;
  [[nodiscard]] Pid choose_entrants_parent(const SimContainer& container);
  void put_into_runtimes_group(const SimContainer& container, Pid pid);
  [[nodiscard]] int depth_of(const SimContainer& container) const;
  [[nodiscard]] bool is_inside(const SimContainer& inner, const std::string& outer) const;
  void choose_path(SimContainer& container, const SimContainer* outer, bool is_late);
  void fork_with_parents_parent(const SimContainer& container, Pid creator);

  std::mt19937_64 random_;
  bool is_net_cls_the_runtimes_;  // cgroup v1 with net_cls among what the runtime manages
  bool needs_audit_ = false;
  std::string starting_;

 public:
  Faults faults;
  Trace trace;
  FakeHost world;
};

}  // namespace netclsd
