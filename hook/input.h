// What the hook reads about a container: the state on stdin, config.json in its bundle, and its init in /proc. Nothing
// here changes anything. `proc` is "/proc" except in tests.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "common/oci/oci.h"
#include "hook/placement/deadline.h"
#include "hook/placement/registration.h"

namespace netclsd::hook {

// Reads up to end-of-file. Also returns without one, when the text is whole JSON and nothing more comes: a process that
// inherited the writing end may keep it open. kTooLarge above `bytes_max`; kUnavailable when the deadline passes first.
// `fd` stays open.
[[nodiscard]] Result<std::string> read_until(int fd, std::size_t bytes_max, Deadline deadline);

struct Reading {
  std::optional<Registration> registration;  // absent: there is nothing to place
  std::string remark;                        // one line for people, or empty
};

// There is nothing to place for a pause container, which is never managed, and where `pid` is a host process because
// the runtime keeps the container in a virtual machine.
//
// If the state has annotations, they count: they come from the runtime. config.json adds what no state has. It is
// ignored if it cannot be read, or if its annotations differ from the state's: crun with a user namespace names "/" as
// the bundle, and a file that happens to be there belongs to no container.
[[nodiscard]] Result<Reading> read_registration(const OciState& state, const std::string& proc);

}  // namespace netclsd::hook
