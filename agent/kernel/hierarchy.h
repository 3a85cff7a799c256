// Getting hold of the net_cls hierarchy: the mount that is there, or one of our own.
#pragma once

#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/net_cls/mount.h"

namespace netclsd {

// `wanted` is "auto" or a directory. "auto": the first writable mount that has net_cls, else one is made at
// `own_mount_point` (needs CAP_SYS_ADMIN). Never under /sys/fs/cgroup: that breaks LXD, rootless podman and
// `systemctl status`. A directory must be a mount of net_cls, or is mounted on.
[[nodiscard]] Result<NetClsMount> find_or_mount_net_cls(const std::string& wanted, const std::string& own_mount_point);

// As above, but mounts nothing: std::nullopt if it is not mounted.
[[nodiscard]] Result<std::optional<NetClsMount>> find_net_cls(const std::string& wanted);

// False if no hierarchy is mounted there.
[[nodiscard]] Result<bool> unmount_net_cls(const std::string& mount_point);

}  // namespace netclsd
