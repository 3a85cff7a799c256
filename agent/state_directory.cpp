#include "agent/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "agent/carry/carry_report.h"
#include "agent/sources/hook_report.h"
#include "agent/sources/nri_report.h"
#include "common/api/carry_looked.h"
#include "common/base/file.h"

namespace netclsd {
namespace {

constexpr std::size_t kFilesMax = 1'000'000;
constexpr std::array kDirectories = {"containers", "spool"};
constexpr std::array kFiles = {"lock",           "agent.sock",   kHookReportName,  kNriReportName, kCarryReportName,
                               kCarryLookedName, "net_cls.lock", "net_cls.wanted", "net_cls.json"};

constexpr mode_t kForRootAlone = 0700;
constexpr mode_t kForReadersToo = 0710;  // what the API's server sets, if the socket is in it and has a group

// A directory that a container runtime made for us (hostPath) is open to everybody.
Result<void> correct_mode(const UniqueFd& directory, const std::string& path) {
  struct stat found {};
  if (::fstat(directory.get(), &found) != 0) return system_failure(errno, "look at", path);
  if (found.st_uid != ::geteuid()) {
    return failure(ErrorCode::kForbidden, "directory " + path + " belongs to user " + std::to_string(found.st_uid));
  }
  if ((found.st_mode & 07777 & ~kForReadersToo) == 0) return {};
  if (::fchmod(directory.get(), kForRootAlone) != 0) return system_failure(errno, "set the mode of", path);
  return {};
}

Result<UniqueFd> make_directory(const std::string& path) {
  if (auto made = make_directories(path, kForRootAlone); !made) return pass_on(made.error());
  auto directory = open_directory(path);
  if (!directory) return directory;
  if (auto corrected = correct_mode(*directory, path); !corrected) return pass_on(corrected.error());
  return directory;
}

// A link is not followed: the agent would trust the files in its target, and change the target's mode.
Result<UniqueFd> make_directory_in(const UniqueFd& parent, const std::string& path, const char* name) {
  if (::mkdirat(parent.get(), name, kForRootAlone) != 0 && errno != EEXIST) {
    return system_failure(errno, "make directory", path + "/" + name);
  }
  auto directory = open_directory_at(parent, name);
  if (!directory) return pass_on(directory.error(), path);
  if (auto corrected = correct_mode(*directory, path + "/" + name); !corrected) return pass_on(corrected.error());
  return directory;
}

Result<UniqueFd> take_lock(const UniqueFd& directory, const std::string& path) {
  auto file = open_at(directory, "lock", O_RDWR | O_CREAT, 0600);
  if (!file) return pass_on(file.error());
  if (::flock(file->get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) {
    return failure(ErrorCode::kConflict, "another netclsd runs on state directory " + path);
  }
  return system_failure(errno, "lock", path + "/lock");
}

// Only if it is empty. No error if it does not exist.
Result<void> remove_directory_at(const UniqueFd& directory, const std::string& name) {
  if (::unlinkat(directory.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  return system_failure(errno, "remove", name);
}

Result<void> empty_and_remove(const UniqueFd& parent, const std::string& name) {
  const auto directory = open_directory_at(parent, name);
  if (!directory && directory.error().sys_errno() == ENOENT) return {};
  if (!directory) return pass_on(directory.error());
  const auto names = list_some_names(*directory, kFilesMax);
  if (!names) return pass_on(names.error());
  for (const std::string& each : *names) {
    if (auto removed = remove_file_at(*directory, each); !removed) return pass_on(removed.error());
  }
  return remove_directory_at(parent, name);
}

}  // namespace

Result<StateDirectory> StateDirectory::open(const std::string& path) {
  auto directory = make_directory(path);
  if (!directory) return pass_on(directory.error());
  auto locked = take_lock(*directory, path);
  if (!locked) return pass_on(locked.error());
  auto containers = make_directory_in(*directory, path, "containers");
  if (!containers) return pass_on(containers.error());
  auto spool = make_directory_in(*directory, path, "spool");
  if (!spool) return pass_on(spool.error());
  return StateDirectory{std::move(*locked), std::move(*containers), std::move(*spool), std::move(*directory)};
}

std::string own_mount_point(const std::string& state_dir) { return state_dir + "/net_cls"; }

Result<void> remove_state_directory(const std::string& path) {
  const auto directory = open_directory(path);
  if (!directory && directory.error().sys_errno() == ENOENT) return {};
  if (!directory) return pass_on(directory.error());
  for (const char* name : kDirectories) {
    if (auto removed = empty_and_remove(*directory, name); !removed) return removed;
  }
  for (const char* name : kFiles) {
    if (auto removed = remove_file_at(*directory, name); !removed) return pass_on(removed.error());
  }
  if (auto removed = remove_directory_at(*directory, "net_cls"); !removed) return removed;
  // In a container it is a mount point, which can be emptied but not removed: EBUSY, or EROFS if the directory around
  // it is read-only.
  const bool is_done = ::rmdir(path.c_str()) == 0 || errno == ENOTEMPTY || errno == EBUSY || errno == EROFS;
  return is_done ? Result<void>{} : system_failure(errno, "remove", path);
}

}  // namespace netclsd
