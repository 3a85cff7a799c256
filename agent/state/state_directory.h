// The agent's own directory, by default /run/netclsd, and the lock on it: two agents would undo each other's work.
#pragma once

#include <string>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace netclsd {

struct StateDirectory {
  UniqueFd lock;  // held while it is open; kConflict if another agent has it
  UniqueFd containers;
  UniqueFd spool;

  // Makes what is missing, for root alone, and corrects the mode of what is there. Somebody else's is an error.
  [[nodiscard]] static Result<StateDirectory> open(const std::string& path);
};

// Where a hierarchy of our own is mounted.
[[nodiscard]] std::string own_mount_point(const std::string& state_dir);

// Removes what netclsd has made there, and the directory itself if nothing else is in it and nothing is mounted on it.
// Nobody must have it open.
[[nodiscard]] Result<void> remove_state_directory(const std::string& path);

}  // namespace netclsd
