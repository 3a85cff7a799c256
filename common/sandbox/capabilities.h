// The kernel's privileges that stay with a program (docs/adr/0019, capabilities(7)). They belong to the calling thread
// and to the threads that it starts afterwards: call these before there is a second thread. An error is one line; the
// program must not go on.
#pragma once

#include <functional>
#include <string>

#include "common/base/error.h"

namespace netclsd {

// What `attempt` returns while CAP_NET_ADMIN is not effective. Afterwards it is effective again, if it was before.
[[nodiscard]] Result<bool> works_without_net_admin(const std::function<bool()>& attempt);

enum class Keep { kNothing, kNetAdmin, kNetAdminAndBpf };

// For good: no capability is left but those that `keep` names, and of these only what the thread had. No program that
// is started gains any (no_new_privs). The bounding set is emptied if the thread has CAP_SETPCAP. Otherwise it stays as
// it is, which does no harm.
[[nodiscard]] Result<void> drop_capabilities(Keep keep);

// The permitted ones, as the kernel has them now: "none", "net_admin", "full", a list with commas, or "unknown".
[[nodiscard]] std::string permitted_capabilities();

}  // namespace netclsd
