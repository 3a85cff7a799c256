#include "carry/pins.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

namespace netclsd::carry {
namespace {

constexpr mode_t kDirectoryMode = 0700;

}  // namespace

Result<void> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) == 0 || errno == EEXIST) return {};
  return system_failure(errno, "make directory", path);
}

Result<bool> remove_directory(const std::string& path) {
  if (::unlinkat(AT_FDCWD, path.c_str(), AT_REMOVEDIR) == 0) return true;
  return errno == ENOENT ? Result<bool>(false) : system_failure(errno, "remove directory", path);
}

Result<void> make_top_directory(const PinDirectories& pins) { return make_directory(pins.top); }

Result<UniqueFd> lock_top_directory(const PinDirectories& pins) {
  auto directory = open_directory(pins.top);
  if (!directory) return directory;
  if (::flock(directory->get(), LOCK_EX | LOCK_NB) == 0) return directory;
  if (errno != EWOULDBLOCK) return system_failure(errno, "lock", pins.top);
  return failure(ErrorCode::kConflict, "another netclsd-carrier is running: it has locked " + pins.top);
}

Result<void> remove_top_directory(const PinDirectories& pins) {
  const auto removed = remove_directory(pins.top);
  return removed ? Result<void>{} : pass_on(removed.error());
}

Result<void> expect_bpf_file_system(const std::string& directory) {
  struct statfs status {};
  if (::statfs(directory.c_str(), &status) != 0 && errno != ENOENT) return system_failure(errno, "look at", directory);
  if (status.f_type == BPF_FS_MAGIC) return {};
  return failure(ErrorCode::kUnavailable, "no BPF file system is mounted at " + directory +
                                              "; mount it: mount -t bpf bpf " + directory + ", or name one by --bpffs");
}

}  // namespace netclsd::carry
