// What the API shows of the containers and their processes. Reads, changes nothing. Loop thread only.
#pragma once

#include <utility>
#include <vector>

#include "agent/engine/registrar.h"

namespace netclsd {

class Views {
 public:
  Views(Host& host, const EngineOptions& options, Containers& containers, const Tracker& tracker, Refusals& refusals)
      : host_(host), options_(options), containers_(containers), tracker_(tracker), refusals_(refusals) {}

  [[nodiscard]] ContainerView container(ContainerNumber number);
  [[nodiscard]] std::vector<ContainerView> list();
  [[nodiscard]] Result<std::pair<ContainerView, std::vector<MemberView>>> show(const ContainerId& id);
  // kNotFound: no such process.
  [[nodiscard]] Result<ProcessView> explain(Pid pid);

 private:
  [[nodiscard]] Failure not_registered(const ContainerId& id) const;
  void explain_refusal(ProcessView& view);
  [[nodiscard]] std::vector<MemberView> members(const Container& container);
  [[nodiscard]] WallTime wall_time_of(MonotonicTime moment);
  [[nodiscard]] std::uint32_t actual_class(const CgroupPaths& cgroups);

  Host& host_;
  const EngineOptions& options_;
  Containers& containers_;
  const Tracker& tracker_;
  Refusals& refusals_;
};

}  // namespace netclsd
