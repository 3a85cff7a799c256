// Reading /proc. The directory is an argument, so that a test can hand in a tree. Loop thread only.
#pragma once

#include "agent/engine/host.h"
#include "common/base/unique_fd.h"

namespace netclsd {

class Procfs : public Processes {
 public:
  explicit Procfs(UniqueFd root) : root_(std::move(root)) {}

  Result<std::vector<Pid>> list() override;
  std::optional<ProcessFacts> facts(Pid pid) override;
  std::optional<CgroupPaths> cgroups(Pid pid) override;
  std::optional<StartTime> start_time(Pid pid) override;
  std::string comm(Pid pid) override;
  NamespaceFacts namespaces(Pid pid) override;

  [[nodiscard]] const UniqueFd& root() const { return root_; }

 private:
  [[nodiscard]] std::optional<std::string> read(const std::string& name);
  [[nodiscard]] std::string beginning_of(const std::string& name);
  [[nodiscard]] std::optional<CgroupPaths> cgroups_of_another_thread(Pid leader);

  UniqueFd root_;
};

}  // namespace netclsd
