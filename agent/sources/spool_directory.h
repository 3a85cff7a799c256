// The requests that hooks left in <state_dir>/spool while the agent was away. Loop thread only.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "agent/containers/containers_host.h"
#include "common/base/file.h"

namespace netclsd {

class SpoolDirectory : public Spool {
 public:
  explicit SpoolDirectory(UniqueFd directory) : directory_(std::move(directory)) {}

  // At most 100,000 entries; more wait for the next look.
  void look() override;
  // In the order they were left: by modification time, then by name.
  std::vector<SpoolItem> take(std::size_t entries_max) override;
  void discard(const std::string& name) override;
  void set_aside(const std::string& name) override;  // renamed to NAME.unreadable

 private:
  UniqueFd directory_;
  std::deque<std::string> waiting_;
};

}  // namespace netclsd
