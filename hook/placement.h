// Placing init without the agent: what the hook does when nobody answers.
#pragma once

#include <string>

#include "common/base/error.h"
#include "hook/registration.h"

namespace netclsd::hook {

// Puts init into the class it asks for. If init is alone in a net_cls group already (the runtime made it), that group
// gets the classid; else <hierarchy>/netclsd/<id> is made, gets the classid first and then init. init's identity is
// checked just before each write. An error says in a few words why not, and then nothing is left behind.
[[nodiscard]] Result<ClassId> place_init(const Registration& registration, const std::string& proc);

}  // namespace netclsd::hook
