// One net_cls group, as an open directory: a group that was removed and made again under the same name is another
// directory, and is not used by mistake. Keeps no state; any thread, on directories of its own. The files are those of
// cgroup v1 (Documentation/admin-guide/cgroup-v1/ in the kernel's sources: cgroups.rst, net_cls.rst).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/model/class_id.h"
#include "common/model/process.h"

namespace netclsd {

enum class AttachOutcome { kAttached, kProcessGone };
enum class RemoveOutcome { kRemoved, kNotEmpty };

// True for a group and for a hierarchy's root. False for a plain directory, such as a mount point where nothing is
// mounted: no group must be made there.
[[nodiscard]] bool is_group(const UniqueFd& directory);

// False only if no group is in it. Cheap: a directory's link count is 2, and one more for each directory in it. Holds
// for any cgroup hierarchy.
[[nodiscard]] bool has_children(const UniqueFd& group);
// The names of the groups in it. `names_max` counts its control files, too. kTooLarge: there are more.
[[nodiscard]] Result<std::vector<std::string>> children_of(const UniqueFd& group, std::size_t names_max);

// Opens `relative` ("netclsd/ab12", or "" for the root itself) below `root`, making what is missing (0755).
[[nodiscard]] Result<UniqueFd> make_group(const UniqueFd& root, const std::string& relative);
// kNotFound if it is not there.
[[nodiscard]] Result<UniqueFd> open_group(const UniqueFd& root, const std::string& relative);

// Moves the whole thread group (cgroup.procs, never tasks). May take tens of milliseconds: the kernel waits for an RCU
// grace period if no group was written to for 100 ms (percpu_down_write of cgroup_threadgroup_rwsem).
[[nodiscard]] Result<AttachOutcome> attach(const UniqueFd& group, Pid pid);

// 0: no class. The kernel re-tags the open sockets of the group's processes.
[[nodiscard]] Result<std::uint32_t> read_classid(const UniqueFd& group);
[[nodiscard]] Result<void> write_classid(const UniqueFd& group, std::uint32_t raw);

// Thread group ids in the reader's pid namespace (0 for processes outside of it), in no order. Empty if the group is
// gone.
[[nodiscard]] Result<std::vector<Pid>> processes_in(const UniqueFd& group);

// Removes the group `relative` below `root`, and empty groups below it. A group that is gone is kRemoved. kNotEmpty: a
// process is in one of them.
[[nodiscard]] Result<RemoveOutcome> remove_group(const UniqueFd& root, const std::string& relative);

}  // namespace netclsd
