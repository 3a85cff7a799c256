#include "agent/kernel/hierarchy.h"

#include <sys/mount.h>

#include <cerrno>
#include <filesystem>
#include <string_view>

#include "common/base/file.h"

namespace netclsd {
namespace {

constexpr std::size_t kMountInfoMax_bytes = 16U << 20;
constexpr std::string_view kAuto = "auto";

Result<std::optional<NetClsMount>> look_for(const std::string& mount_point) {
  const auto mounts = read_file("/proc/self/mountinfo", kMountInfoMax_bytes);
  if (!mounts) return pass_on(mounts.error());
  return find_net_cls_mount(*mounts, mount_point);
}

Result<NetClsMount> mount_at(const std::string& directory) {
  if (directory.starts_with("/sys/fs/cgroup")) {
    return invalid("net_cls.mount: " + directory + " is not a net_cls mount, and none is made under /sys/fs/cgroup");
  }
  if (auto made = make_directories(directory, 0755); !made) return pass_on(made.error());
  if (::mount("net_cls", directory.c_str(), "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "net_cls") != 0) {
    // Elsewhere it may be mounted together with net_prio: the controllers of one hierarchy cannot be parted.
    if (errno != EBUSY ||
        ::mount("net_cls", directory.c_str(), "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "net_cls,net_prio") != 0) {
      return system_failure(errno, "mount net_cls at", directory);
    }
  }
  auto mounted = look_for(directory);
  if (!mounted) return pass_on(mounted.error());
  if (!*mounted) return invalid("net_cls was mounted at " + directory + " and is not in /proc/self/mountinfo");
  return **mounted;
}

// As the kernel writes it into mountinfo: links followed, no "//" and no "..".
std::string canonical(const std::string& directory) {
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(directory, error);
  return error ? directory : path.string();
}

}  // namespace

Result<NetClsMount> find_or_mount_net_cls(const std::string& wanted, const std::string& own_mount_point) {
  auto found = find_net_cls(wanted);
  if (!found) return pass_on(found.error());
  if (*found) return **found;
  return mount_at(canonical(wanted == kAuto ? own_mount_point : wanted));
}

Result<std::optional<NetClsMount>> find_net_cls(const std::string& wanted) {
  return look_for(wanted == kAuto ? "" : canonical(wanted));
}

Result<bool> unmount_net_cls(const std::string& mount_point) {
  const std::string directory = canonical(mount_point);
  const auto found = look_for(directory);
  if (!found) return pass_on(found.error());
  if (!*found) return false;
  if (::umount2(directory.c_str(), UMOUNT_NOFOLLOW) != 0) return system_failure(errno, "unmount", directory);
  return true;
}

}  // namespace netclsd
