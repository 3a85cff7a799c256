// One net_cls group, held as an open directory: a group removed and made anew under the same name is not hit by
// mistake. Used by the agent's loop thread and by the hook.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/model/class_id.h"
#include "common/model/process.h"

namespace netclsd {

enum class AttachOutcome { kAttached, kProcessGone };
enum class RemoveOutcome { kRemoved, kNotEmpty };

// Opens `relative` ("netclsd/ab12", or "" for the root itself) below `root`, making what is missing (0755).
[[nodiscard]] Result<UniqueFd> make_group(const UniqueFd& root, const std::string& relative);
// kNotFound if it is not there.
[[nodiscard]] Result<UniqueFd> open_group(const UniqueFd& root, const std::string& relative);

// The whole thread group moves (cgroup.procs, never tasks). May take tens of milliseconds: the kernel waits for an RCU
// grace period when no group was written for 100 ms.
[[nodiscard]] Result<AttachOutcome> attach(const UniqueFd& group, Pid pid);

// 0: no class. The kernel re-tags the open sockets of the group's processes.
[[nodiscard]] Result<std::uint32_t> read_classid(const UniqueFd& group);
[[nodiscard]] Result<void> write_classid(const UniqueFd& group, std::uint32_t raw);

// Thread group ids in the reader's pid namespace (0 for processes outside of it), in no order. An empty list too when
// the group is gone.
[[nodiscard]] Result<std::vector<Pid>> processes_in(const UniqueFd& group);

// Removes the group `relative` below `root`, and groups below it that are empty. A group that is gone is kRemoved.
[[nodiscard]] Result<RemoveOutcome> remove_group(const UniqueFd& root, const std::string& relative);

}  // namespace netclsd
