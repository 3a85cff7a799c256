#include "common/base/own_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/file.h"

namespace netclsd {
namespace {

Result<void> check(const struct stat& status, const std::string& name) {
  if (!S_ISREG(status.st_mode)) return invalid(name + " is not a regular file");
  if (status.st_uid != ::geteuid()) return invalid(name + " belongs to user " + std::to_string(status.st_uid));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return invalid(name + " can be written by others than its owner");
  if (status.st_nlink > 1) return invalid(name + " has another name, too");
  return {};
}

}  // namespace

Result<std::string> read_own_file_at(const UniqueFd& directory, const std::string& name, std::size_t bytes_max) {
  struct stat status {};
  if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return system_failure(errno, "look at", name);
  }
  if (auto checked = check(status, name); !checked) return pass_on(checked.error());
  // O_NONBLOCK: what was looked at may be a fifo by now.
  const auto file = open_at(directory, name, O_RDONLY | O_NONBLOCK);
  if (!file) return pass_on(file.error());
  if (::fstat(file->get(), &status) != 0) return system_failure(errno, "look at", name);
  if (auto checked = check(status, name); !checked) return pass_on(checked.error());
  return read_all(*file, bytes_max, name);
}

}  // namespace netclsd
