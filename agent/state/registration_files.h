// One file for each registration in <state_dir>/containers. /run survives the agent and not a reboot, which is exactly
// right: pids mean nothing after one. Loop thread only.
#pragma once

#include "agent/engine/host.h"
#include "common/base/unique_fd.h"

namespace netclsd {

class RegistrationFiles : public RegistrationStore {
 public:
  explicit RegistrationFiles(UniqueFd directory) : directory_(std::move(directory)) {}

  Result<void> save(const Registration& registration) override;
  Result<void> remove(const ContainerId& id) override;
  // A file that cannot be read is an error in its place, and is renamed to NAME.unreadable: it is not read again.
  std::vector<Result<Registration>> load() override;

 private:
  [[nodiscard]] Result<Registration> load_one(const std::string& name);

  UniqueFd directory_;
};

}  // namespace netclsd
