// What is done for a container when no agent answers: place init, and leave the registration for the agent.
#pragma once

#include <string>

#include "common/base/error.h"
#include "hook/placement/registration.h"

namespace netclsd::hook {

// Puts init into the class that the registration asks for. If init is alone in a net_cls group, which the runtime then
// made for it, that group gets the classid. Else the group HIERARCHY/netclsd/ID is made, gets the classid, and then
// init. init's identity is checked just before each write. A hierarchy with other controllers is left alone: the agent
// follows no process there. An error says in a few words why init was not placed; then nothing is left behind.
[[nodiscard]] Result<ClassId> place_init(const Registration& registration, const std::string& proc);

// Writes DIRECTORY/ID.json (temporary name, then rename), one file for each container. Makes the directory (0700) if
// there is none.
[[nodiscard]] Result<void> leave_in_spool(const std::string& directory, const Registration& registration);

}  // namespace netclsd::hook
