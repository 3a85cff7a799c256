// One process, read from /proc. For the hook and netclsctl; the agent's loop has agent/kernel, which keeps /proc open.
#pragma once

#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/model/cgroup_paths.h"
#include "common/model/process_stat.h"

namespace netclsd {

// `proc` is "/proc", or a directory tree in tests. std::nullopt: there is no such process.
[[nodiscard]] Result<std::optional<ProcessStat>> read_process_stat(const std::string& proc, Pid pid);
[[nodiscard]] Result<std::optional<CgroupPaths>> read_cgroup_paths(const std::string& proc, Pid pid);

}  // namespace netclsd
