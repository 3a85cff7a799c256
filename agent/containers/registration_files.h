// One file for each registration in <state_dir>/containers. /run survives the agent and not a reboot, which is exactly
// right: pids mean nothing after one. Loop thread only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/containers/containers_host.h"
#include "common/base/file.h"

namespace netclsd {

class RegistrationFiles : public RegistrationStore {
 public:
  explicit RegistrationFiles(UniqueFd directory) : directory_(std::move(directory)) {}

  Result<void> save(const Registration& registration) override;
  Result<void> remove(const ContainerId& id) override;
  // A file whose content is wrong is an error in its place, and is renamed to NAME.unreadable: it is not read again.
  // One that cannot be read now stays, and is what the next load() reads.
  std::vector<Result<Registration>> load() override;

 private:
  [[nodiscard]] Result<Registration> load_one(const std::string& name);
  void put_off_or_set_aside(const std::string& name, const Error& error);

  UniqueFd directory_;
  std::optional<std::vector<std::string>> unread_;  // none: the directory was not listed yet
};

}  // namespace netclsd
