// What hooks left in <state_dir>/spool while the agent was away. Loop thread only.
#pragma once

#include "agent/engine/host.h"
#include "common/base/unique_fd.h"

namespace netclsd {

class SpoolDirectory : public Spool {
 public:
  explicit SpoolDirectory(UniqueFd directory) : directory_(std::move(directory)) {}

  // In the order they were left (modification time, then name), at most kEntriesPerReadMax; the rest come next time.
  std::vector<SpoolItem> read() override;
  void discard(const std::string& name) override;
  void set_aside(const std::string& name) override;  // renamed to NAME.unreadable

  static constexpr std::size_t kEntriesPerReadMax = 1'000;

 private:
  UniqueFd directory_;
};

}  // namespace netclsd
