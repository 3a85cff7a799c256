#include "agent/server/socket_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "common/base/file.h"
#include "common/base/unique_fd.h"

namespace netclsd {
namespace {

constexpr mode_t kParentMode = 0755;
constexpr mode_t kForRootAlone = 0700;
constexpr mode_t kForReadersToo = 0710;  // they pass through, but see no names
constexpr mode_t kModeBits = 07777;

Result<struct stat> status_of(const UniqueFd& directory, const std::string& path) {
  struct stat found {};
  if (::fstat(directory.get(), &found) != 0) return system_failure(errno, "look at", path);
  return found;
}

std::string octal(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & kModeBits));
  return text;
}

Result<void> expect_safe(const struct stat& found, const SocketDirectoryOptions& options) {
  const std::string name = "the socket's directory " + options.path;
  if (found.st_uid != 0) {
    return failure(ErrorCode::kForbidden, name + " belongs to user " + std::to_string(found.st_uid) + ", not to root");
  }
  if (options.is_ours || (found.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return failure(ErrorCode::kForbidden,
                 name + " has mode " + octal(found.st_mode) + ": others than root may put files there");
}

Result<void> correct(const UniqueFd& directory, const struct stat& found, const SocketDirectoryOptions& options) {
  const mode_t mode = options.readers ? kForReadersToo : kForRootAlone;
  if (options.readers && found.st_gid != *options.readers &&
      ::fchown(directory.get(), static_cast<uid_t>(-1), *options.readers) != 0) {
    return system_failure(errno, "give directory " + options.path + " to group", std::to_string(*options.readers));
  }
  if ((found.st_mode & kModeBits) == mode || ::fchmod(directory.get(), mode) == 0) return {};
  return system_failure(errno, "set the mode of directory", options.path);
}

// True: it was not there.
Result<bool> make(const std::string& path) {
  const std::string parent = path.substr(0, path.rfind('/'));
  if (!parent.empty()) {
    if (auto made = make_directories(parent, kParentMode); !made) return pass_on(made.error());
  }
  if (::mkdir(path.c_str(), kForRootAlone) == 0) return true;
  if (errno == EEXIST) return false;
  return system_failure(errno, "make directory", path);
}

}  // namespace

Result<void> prepare_socket_directory(const SocketDirectoryOptions& options) {
  const auto made = make(options.path);
  if (!made) return pass_on(made.error());
  const auto directory = open_directory(options.path);
  if (!directory) return pass_on(directory.error());
  const auto found = status_of(*directory, options.path);
  if (!found) return pass_on(found.error());
  if (auto safe = expect_safe(*found, options); !safe) return safe;
  return *made || options.is_ours ? correct(*directory, *found, options) : Result<void>{};
}

}  // namespace netclsd
