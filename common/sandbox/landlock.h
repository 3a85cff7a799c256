// The files that a program may use from now on (Landlock, landlock(7), docs/adr/0021). Holds for the calling thread and
// for the threads that it starts afterwards. It needs no capability, but no_new_privs. Files that are open stay usable.
#pragma once

#include <string>
#include <vector>

#include "common/base/error.h"

namespace netclsd {

// Each path stands for all that is below it, too. What is in none of them cannot be opened, made, renamed or removed. A
// path that does not exist now is left out: it stays out of reach even if it is made later.
struct LandlockRules {
  std::vector<std::string> read;               // opened for reading, listed
  std::vector<std::string> read_if_reachable;  // the same; it is no error if there is no right to get there
  std::vector<std::string> groups;             // and written, with directories made and removed: a cgroup hierarchy
  std::vector<std::string> files;              // and written, made, and whatever is there renamed and removed
  std::vector<std::string> removal;            // files and sockets are removed, nothing else
  // Abstract sockets of processes outside can be reached: a service manager may have one.
  bool reaches_abstract_sockets = false;
};

// The version of Landlock that this kernel has, from 1; 0: none.
[[nodiscard]] int landlock_abi();

// For good. It also forbids: to execute files; from ABI 4 on to bind or connect TCP ports, from 5 on to control
// devices, from 6 on to send signals to processes outside. Returns those of read_if_reachable that are out of reach.
// kUnavailable: this kernel has no Landlock.
[[nodiscard]] Result<std::vector<std::string>> restrict_with_landlock(const LandlockRules& rules);

}  // namespace netclsd
