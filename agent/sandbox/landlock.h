// The file system as the agent may use it from now on (Landlock, docs/adr/0021). Belongs to the calling thread and to
// the threads that it starts afterwards; it needs no capability, but no_new_privs. Files that are open stay usable.
#pragma once

#include <string>
#include <vector>

#include "common/base/error.h"

namespace netclsd {

// Each path with all that is below it; what is in none of them cannot be opened, made, renamed or removed. What is not
// there now is left out: it stays out of reach, also when it is made later.
struct LandlockRules {
  std::vector<std::string> read;     // opened for reading, listed
  std::vector<std::string> groups;   // and written, with directories made and removed: a cgroup hierarchy
  std::vector<std::string> files;    // and written, made, and whatever is there renamed and removed
  std::vector<std::string> removal;  // files and sockets are removed, nothing else
  // An abstract socket that somebody outside listens on, as a service manager may, can be reached.
  bool reaches_abstract_sockets = false;
};

// What this kernel offers: 1 to …; 0: nothing.
[[nodiscard]] int landlock_abi();

// For good. Besides files: nothing is executed; from ABI 4 on no TCP port is bound or connected to, from 5 on no device
// controlled, from 6 on no signal sent to processes outside. kUnavailable: this kernel has no Landlock.
[[nodiscard]] Result<void> restrict_with_landlock(const LandlockRules& rules);

}  // namespace netclsd
