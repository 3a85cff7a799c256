// The agent's own directory, by default /run/netclsd, and the lock on it: two agents would undo each other's work.
#pragma once

#include <string>

#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

struct StateDirectory {
  UniqueFd lock;  // held while it is open; kConflict if another agent has it
  UniqueFd containers;
  UniqueFd spool;
  UniqueFd directory;  // itself

  // Makes what is missing, for root alone, and corrects the mode of what is there. kForbidden: a directory belongs to
  // another user.
  [[nodiscard]] static Result<StateDirectory> open(const std::string& path);
};

// Where our own hierarchy is mounted.
[[nodiscard]] std::string own_mount_point(const std::string& state_dir);

// Removes what netclsd has made there, and the directory itself if nothing else is in it and nothing is mounted on it.
// No other process may have it open.
[[nodiscard]] Result<void> remove_state_directory(const std::string& path);

}  // namespace netclsd
