// The spool: registrations left for an agent that is away, one file for each container.
#pragma once

#include <string>

#include "hook/registration.h"

namespace netclsd::hook {

// Writes DIRECTORY/ID.json (temporary name, then rename), making the directory (0700) if need be.
[[nodiscard]] Result<void> leave_in_spool(const std::string& directory, const Registration& registration);

}  // namespace netclsd::hook
