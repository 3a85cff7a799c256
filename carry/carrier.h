// One look at the registrations, the interfaces and what is attached, and what follows from it. The loop (service.h)
// says when. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "carry/attachments.h"
#include "carry/kernel_maps.h"
#include "carry/plan.h"
#include "carry/registrations.h"
#include "carry/report.h"
#include "carry/views.h"
#include "common/base/error.h"

namespace netclsd::carry {

class Carrier {
 public:
  // All must outlive it.
  Carrier(const LoadedProgram& program, const PinDirectories& pins, RouteSocket& route, KernelMaps& maps, bool has_tcx)
      : program_(program),
        pins_(pins),
        maps_(maps),
        route_(route),
        has_tcx_(has_tcx),
        attachments_(program, pins, route, has_tcx) {}

  // std::nullopt: nothing is carried. Takes effect with the next look.
  void configure(std::optional<CarryConfig> carry);
  void set_registrations(Registrations registrations);

  // An error: the look is to be repeated soon; what was attached stays.
  [[nodiscard]] Result<void> look();

  // Everything of ours is taken away, but for the empty top directory.
  [[nodiscard]] Result<void> take_back();

  // How it is now, counts included. `patience`: classes that differ for longer are reported.
  [[nodiscard]] ReportContent report(Differences::Clock::time_point now, Differences::Clock::duration patience);

 private:
  // What is known of a container beyond its registration.
  struct Found {
    ProcessKey init;
    bool is_network_known = false;
    std::optional<NamespaceId> network = {};
    std::optional<CgroupId> cgroup = {};
    std::string no_cgroup = {};  // why there is none
  };

  [[nodiscard]] Result<void> start_carrying();
  [[nodiscard]] Result<std::vector<CarriedContainer>> find_containers();
  [[nodiscard]] Result<void> find_network(const Registered& registered, Found& found);
  static void find_cgroup_once(const Registered& registered, Found& found);
  [[nodiscard]] Result<void> carry_out(const CarrierPlan& plan);
  void attach(const HostEnd& end, bool is_repair);
  void renew_all(const Attached& attached);
  [[nodiscard]] Result<void> update_members(const std::vector<CarriedContainer>& containers);
  [[nodiscard]] Result<void> finish_counts();
  [[nodiscard]] std::set<InterfaceIndex> attached_indices() const;
  void tell_of_differences(const std::vector<ContainerView>& containers);
  void note_failure(const std::string& what, const Error& error);

  const LoadedProgram& program_;
  const PinDirectories& pins_;
  KernelMaps& maps_;
  RouteSocket& route_;
  const bool has_tcx_;
  Attachments attachments_;

  std::optional<CarryConfig> carry_;
  bool is_configured_ = false;  // the settings are in the kernel
  bool is_carrying_ = true;     // something of ours may be there, of an earlier carrier
  Registrations registrations_;
  std::map<ContainerId, Found> found_;

  Seen seen_;                        // by the last look
  std::set<InterfaceIndex> before_;  // where a carrier was after it
  Differences differences_;
  std::set<ContainerId> differing_;  // that were told of
  std::uint64_t repairs_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace netclsd::carry
