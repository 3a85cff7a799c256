// The files beside our own mount point. By them those who mount and unmount it agree: the hook, netclsctl and netclsd
// (docs/adr/0028). All calls may fail for want of descriptors or memory; nothing is cached, and any thread may call.
//
//     MOUNT_POINT.lock     shared by who registers a container, held alone by who mounts or unmounts
//     MOUNT_POINT.wanted   shared by who waits for the other lock in order to mount; who unmounts looks, and gives way
//     MOUNT_POINT.json     what the agent wants: its parent group, and whether the mount is kept
#pragma once

#include <string>
#include <utility>

#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

// One of the two locks (flock(2)). Released when it is destroyed.
class MountLock {
 public:
  // Both make the file (0600) if it is missing. Its directory must exist.
  [[nodiscard]] static Result<MountLock> open(const std::string& mount_point);
  [[nodiscard]] static Result<MountLock> open_wanted(const std::string& mount_point);

  // Neither waits. False: another one has it. To change from one kind to the other releases the first one, for a moment
  // or, if that fails, for good: so what was seen before must be looked at again.
  [[nodiscard]] Result<bool> try_to_share();
  [[nodiscard]] Result<bool> try_to_have_alone();
  void release();

 private:
  [[nodiscard]] static Result<MountLock> open_file(const std::string& path);
  explicit MountLock(UniqueFd file) : file_(std::move(file)) {}
  [[nodiscard]] Result<bool> attempt(int operation);

  UniqueFd file_;
};

struct MountSettings {
  std::string parent;          // the agent's parent group, which is made by who mounts
  bool keeps_mounted = false;  // true: it is not unmounted
  friend bool operator==(const MountSettings&, const MountSettings&) = default;
};

// What holds without an agent: the default parent group, and nothing is kept.
[[nodiscard]] MountSettings default_mount_settings();

// The defaults if there is no such file. An error if it cannot be read or understood.
[[nodiscard]] Result<MountSettings> read_mount_settings(const std::string& mount_point);
[[nodiscard]] Result<void> write_mount_settings(const std::string& mount_point, const MountSettings& settings);

// Whether a container's file is in `directory`: ID.json, a registration or an entry of the spool. True also if that
// cannot be read.
[[nodiscard]] bool has_container(const std::string& directory);

// The same, of containers whose init lives, as its "pid" and "start_time" in the file say. `proc`: "/proc", or a tree
// in tests.
[[nodiscard]] bool has_live_container(const std::string& directory, const std::string& proc);

}  // namespace netclsd
