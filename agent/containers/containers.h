// The registered containers. Keeps what core needs for deciding (Claims) in step. Loop thread only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/containers/registration.h"
#include "agent/membership/claims.h"
#include "agent/membership/sweep_plan.h"
#include "agent/metrics/counters.h"

namespace netclsd {

struct Container {
  ContainerNumber number;
  Registration registration;
  std::optional<ContainerNumber> outer;
  bool has_init_ended = false;  // set by Containers::note_ended() alone
  bool is_reaper = false;       // init is the first process of a pid namespace: the kernel gives it that one's orphans
};

class Containers {
 public:
  static constexpr std::size_t kContainersMax = 100'000;

  // `mount_root`: what of the net_cls hierarchy is mounted, as this agent reads it ("/" or "/.."). Where a group is in
  // /proc/PID/cgroup follows from it and the group's directory, wherever its processes are.
  explicit Containers(std::string mount_root) : mount_root_(std::move(mount_root)) {}

  ContainerNumber add(Registration registration, std::optional<ContainerNumber> outer);
  // Its init has ended already: the number may be another container's init by now.
  ContainerNumber add_ended(Registration registration, std::optional<ContainerNumber> outer);
  void remove(ContainerNumber number);  // containers inside it are then inside of its outer one
  void change(ContainerNumber number, Registration registration);  // of the same id and init, with another class
  void give_group(ContainerNumber number, std::string directory);  // one of ours, in place of an adopted one
  void set_reaper(ContainerNumber number, bool is_reaper);
  void set_membership(ContainerNumber number, MembershipPath membership);
  void set_outer(ContainerNumber number, std::optional<ContainerNumber> outer);
  void note_ended(Container& container);  // its init

  [[nodiscard]] Container* find(ContainerNumber number);
  [[nodiscard]] Container* find(const ContainerId& id);
  [[nodiscard]] Container* find_by_init(Pid pid);
  // Whose group `directory` is, or is below. The nearest one.
  [[nodiscard]] const Container* find_by_group(std::string_view directory) const;

  // A registration of another namespace than this, and of another container, with that class. Looks at all of them.
  [[nodiscard]] const Registration* find_other_holder(const ContainerId& id, ClassId classid,
                                                      const std::string& pod_namespace) const;

  [[nodiscard]] std::vector<Init> inits() const;
  [[nodiscard]] std::vector<ContainerNumber> numbers() const;  // by id
  // The one whose id follows, or the first.
  [[nodiscard]] std::optional<ContainerNumber> next_after(const std::optional<ContainerId>& id) const;
  [[nodiscard]] const Claims& claims() const { return claims_; }
  [[nodiscard]] const ClassCounts& classes() const { return classes_; }
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  [[nodiscard]] bool has_ended() const { return ended_ > 0; }  // one whose init has ended

 private:
  Container& emplace(Registration registration, std::optional<ContainerNumber> outer);
  void update_claim(const Container& container);

  std::string mount_root_;
  std::uint32_t last_number_ = 0;
  std::size_t ended_ = 0;
  std::map<ContainerNumber, Container> containers_;
  std::map<ContainerId, ContainerNumber> by_id_;
  std::unordered_map<Pid, ContainerNumber> by_init_;
  Claims claims_;
  ClassCounts classes_;
};

}  // namespace netclsd
