// What the API shows of the containers and their processes. Reads, changes nothing. Loop thread only.
//
// A view of thousands is made a slice at a time, so that the loop does all else in between: each function here takes
// some milliseconds at most.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "agent/containers/registrar.h"

namespace netclsd {

class Views {
 public:
  static constexpr std::size_t kMembersPerSlice = 64;  // some 15 µs each
  static constexpr MonotonicTime kSliceOfContainers = std::chrono::milliseconds{1};

  Views(Host& host, const EngineOptions& options, const Containers& containers, const Tracker& tracker,
        Refusals& refusals)
      : host_(host), options_(options), containers_(containers), tracker_(tracker), refusals_(refusals) {}

  [[nodiscard]] ContainerView container(const Container& container);
  // The next by id, from the first on if there is no `last`. Empty: there are no more.
  [[nodiscard]] std::vector<ContainerView> list_after(const std::optional<ContainerId>& last);
  // With all who may be members: members() says who is, of at most kMembersPerSlice of them.
  [[nodiscard]] Result<std::pair<ContainerView, std::vector<Pid>>> show(const ContainerId& id);
  [[nodiscard]] std::vector<MemberView> members(const ContainerId& id, const std::vector<Pid>& pids);
  // kNotFound: no such process.
  [[nodiscard]] Result<ProcessView> explain(Pid pid);

 private:
  [[nodiscard]] ContainerView view_of(const Container& container, std::size_t processes) const;
  [[nodiscard]] Failure not_registered(const ContainerId& id) const;
  void explain_refusal(ProcessView& view);
  [[nodiscard]] std::vector<Pid> candidates(const Container& container);
  [[nodiscard]] WallTime wall_time_of(MonotonicTime moment);
  [[nodiscard]] std::uint32_t actual_class(const CgroupPaths& cgroups);

  Host& host_;
  const EngineOptions& options_;
  const Containers& containers_;
  const Tracker& tracker_;
  Refusals& refusals_;
};

}  // namespace netclsd
