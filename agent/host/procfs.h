// Reading /proc (proc(5)). The directory is an argument, so that a test can hand in a tree. Loop thread only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/host/host.h"
#include "common/base/file.h"

namespace netclsd {

class Procfs : public Processes {
 public:
  explicit Procfs(UniqueFd root) : root_(std::move(root)) {}

  Result<std::vector<Pid>> list() override;
  std::optional<ProcessFacts> facts(Pid pid) override;
  Result<std::optional<ProcessFacts>> look_at(Pid pid) override;
  std::optional<CgroupPaths> cgroups(Pid pid) override;
  std::optional<StartTime> start_time(Pid pid) override;
  std::string comm(Pid pid) override;
  NamespaceFacts namespaces(Pid pid) override;

  // kUnavailable: pid 1, which never ends, cannot be read. Then another process that is missing may be hidden too, and
  // need not have ended: so list() and look_at() fail.
  [[nodiscard]] Result<void> check_sight();

  [[nodiscard]] const UniqueFd& root() const { return root_; }

 private:
  [[nodiscard]] Result<std::optional<ProcessFacts>> read_facts(Pid pid);
  [[nodiscard]] std::optional<std::string> read(const std::string& name);
  [[nodiscard]] std::string beginning_of(const std::string& name);
  [[nodiscard]] Result<std::optional<CgroupPaths>> cgroups_in(const std::string& directory);
  [[nodiscard]] Result<std::optional<CgroupPaths>> cgroups_of_another_thread(Pid leader);
  [[nodiscard]] Result<std::optional<std::string>> read_if_alive(const std::string& name);

  UniqueFd root_;
};

}  // namespace netclsd
