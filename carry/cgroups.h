// The id of a container's cgroup in the unified hierarchy, which the kernel knows of each socket (Linux 5.15 also
// beside a classid). It is the inode number of the cgroup's directory.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "carry/plan.h"
#include "common/base/error.h"
#include "common/model/process.h"

namespace netclsd::carry {

// The container's cgroup, from that of its init, which may be in one below it: cut after the last name that is the last
// name of `membership`. That path itself cannot be taken: the agent may have read it in another cgroup namespace.
// Absent: no such name. Pure.
[[nodiscard]] std::optional<std::string> cgroup_of_container(std::string_view of_init, std::string_view membership);

// The error says in one sentence why there is no fallback for this container. `proc`: "/proc" except in tests.
[[nodiscard]] Result<CgroupId> find_cgroup(const std::string& proc, const ProcessKey& init,
                                           std::string_view membership);

}  // namespace netclsd::carry
