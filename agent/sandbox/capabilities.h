// The kernel's privileges that stay with the agent (docs/adr/0019). They belong to the calling thread and to the
// threads that it starts afterwards: call these before there is another one.
#pragma once

#include <functional>
#include <string>

#include "common/base/error.h"

namespace netclsd {

// What `attempt` says while CAP_NET_ADMIN is not effective. It comes back afterwards.
[[nodiscard]] bool works_without_net_admin(const std::function<bool()>& attempt);

enum class Keep { kNothing, kNetAdmin };

// For good: nothing is left but what `keep` says, and that only if it was there. No program that is started gains
// anything (no_new_privs). The bounding set is emptied if the thread has CAP_SETPCAP; without, what whoever started the
// agent left in it stays, and is of no use.
[[nodiscard]] Result<void> drop_capabilities(Keep keep);

// The permitted ones, as the kernel says it now: "none", "net_admin", "full" or a list with commas.
[[nodiscard]] std::string permitted_capabilities();

}  // namespace netclsd
