#include "common/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <initializer_list>

#include "common/base/fault_point.h"

namespace netclsd {
namespace {

Result<UniqueFd> open_retrying(int dir, const std::string& name, int flags, mode_t mode) {
  for (;;) {
    const int fd = ::openat(dir, name.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) return UniqueFd(fd);
    if (errno != EINTR) return system_failure(errno, "open", name);
  }
}

Result<void> write_whole(const UniqueFd& file, std::string_view text, std::string_view name) {
  if (const auto fault = fault_at(FaultPoint::kFileWrite)) return system_failure(*fault, "write", name);
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(errno, "write", name);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> rename_in(const UniqueFd& dir, const std::string& from, const std::string& to) {
  if (const auto fault = fault_at(FaultPoint::kFileRename)) return system_failure(*fault, "rename to", to);
  if (::renameat(dir.get(), from.c_str(), dir.get(), to.c_str()) == 0) return {};
  return system_failure(errno, "rename to", to);
}

}  // namespace

std::string canonical_path(const std::string& path) {
  std::error_code error;
  const auto canonical = std::filesystem::weakly_canonical(path, error);
  return error ? path : canonical.string();
}

Result<UniqueFd> open_directory(const std::string& path) {
  return open_retrying(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
}

Result<UniqueFd> open_directory_at(const UniqueFd& dir, const std::string& name) {
  return open_at(dir, name, O_RDONLY | O_DIRECTORY);
}

Result<UniqueFd> open_at(const UniqueFd& dir, const std::string& name, int flags, mode_t mode) {
  return open_retrying(dir.get(), name, flags | O_NOFOLLOW, mode);
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string prefix = path.substr(0, end);
    if (::mkdir(prefix.c_str(), mode) != 0 && errno != EEXIST) return system_failure(errno, "make directory", prefix);
    if (end == std::string::npos) return {};
  }
}

namespace {

enum class End { kAtEmptyRead, kAtShortRead };

Result<std::string> read_until(End end, const UniqueFd& file, std::size_t bytes_max, std::string_view name) {
  std::string content;
  char buffer[8192];
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(errno, "read", name);
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > bytes_max) {
      return failure(ErrorCode::kTooLarge,
                     std::string(name) + " is larger than " + std::to_string(bytes_max) + " bytes");
    }
    const bool is_short = static_cast<std::size_t>(got) < sizeof buffer;
    if (got == 0 || (is_short && end == End::kAtShortRead)) return content;
  }
}

}  // namespace

Result<std::string> read_all(const UniqueFd& file, std::size_t bytes_max, std::string_view name) {
  return read_until(End::kAtEmptyRead, file, bytes_max, name);
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  auto file = open_retrying(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
  if (!file) return pass_on(file.error());
  return read_all(*file, bytes_max, path);
}

Result<std::string> read_file_at(const UniqueFd& dir, const std::string& name, std::size_t bytes_max) {
  // O_NONBLOCK: opening a fifo in our directory must not block.
  auto file = open_at(dir, name, O_RDONLY | O_NONBLOCK);
  if (!file) return pass_on(file.error());
  return read_all(*file, bytes_max, name);
}

Result<std::string> read_generated_at(const UniqueFd& dir, const std::string& name, std::size_t bytes_max) {
  auto file = open_at(dir, name, O_RDONLY | O_NONBLOCK);
  if (!file) return pass_on(file.error());
  return read_until(End::kAtShortRead, *file, bytes_max, name);
}

Result<void> write_once_at(const UniqueFd& dir, const std::string& name, std::string_view text) {
  auto file = open_at(dir, name, O_WRONLY);
  if (!file) return pass_on(file.error());
  for (;;) {
    if (::write(file->get(), text.data(), text.size()) >= 0) return {};
    if (errno != EINTR) return system_failure(errno, "write", name);
  }
}

Result<void> write_new_at(const UniqueFd& dir, const std::string& name, std::string_view text, mode_t mode,
                          const std::function<Result<void>(const UniqueFd& file)>& prepare) {
  auto file = open_at(dir, name, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (!file) return pass_on(file.error());
  if (auto written = write_whole(*file, text, name); !written) return written;
  if (prepare) {
    if (auto prepared = prepare(*file); !prepared) return prepared;
  }
  if (const auto fault = fault_at(FaultPoint::kFileSync)) return system_failure(*fault, "fsync", name);
  if (::fsync(file->get()) != 0) return system_failure(errno, "fsync", name);
  return {};
}

Result<void> replace_at(const UniqueFd& dir, const std::string& temporary, const std::string& name,
                        const MakeAt& make) {
  // Always a new file: what has the name already may be a second name of a file elsewhere, or a fifo.
  ::unlinkat(dir.get(), temporary.c_str(), 0);
  auto done = make(dir, temporary);
  if (done) done = rename_in(dir, temporary, name);
  if (!done) {
    ::unlinkat(dir.get(), temporary.c_str(), 0);
    return done;
  }
  if (const auto fault = fault_at(FaultPoint::kFileDirectorySync))
    return system_failure(*fault, "fsync directory of", name);
  if (::fsync(dir.get()) != 0) return system_failure(errno, "fsync directory of", name);
  return {};
}

Result<void> write_atomically_at(const UniqueFd& dir, const std::string& name, std::string_view text, mode_t mode) {
  return replace_at(dir, "." + name + ".tmp", name, [&](const UniqueFd&, const std::string& temporary) {
    return write_new_at(dir, temporary, text, mode);
  });
}

Result<bool> remove_file_at(const UniqueFd& dir, const std::string& name) {
  if (const auto fault = fault_at(FaultPoint::kFileRemove)) return system_failure(*fault, "remove", name);
  if (::unlinkat(dir.get(), name.c_str(), 0) == 0) return true;
  if (errno == ENOENT) return false;
  return system_failure(errno, "remove", name);
}

Result<std::vector<std::string>> list_some_names(const UniqueFd& dir, std::size_t names_max) {
  // A second descriptor: fdopendir takes it over, and the caller's offset does not change.
  auto copy = open_at(dir, ".", O_RDONLY | O_DIRECTORY);
  if (!copy) return pass_on(copy.error());
  DIR* stream = ::fdopendir(copy->get());
  if (stream == nullptr) return system_failure(errno, "list directory");
  copy->release();  // closedir closes it
  std::vector<std::string> names;
  const dirent* entry = nullptr;
  errno = 0;  // readdir returns nullptr both at the end and for an error
  while (names.size() < names_max && (entry = ::readdir(stream)) != nullptr) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int error = entry == nullptr ? errno : 0;
  ::closedir(stream);
  if (error != 0) return system_failure(error, "list directory");
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> list_names(const UniqueFd& dir, std::size_t names_max) {
  auto names = list_some_names(dir, names_max + 1);
  if (!names || names->size() <= names_max) return names;
  return failure(ErrorCode::kTooLarge, "directory has more than " + std::to_string(names_max) + " entries");
}

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
  if (const auto fault = fault_at(FaultPoint::kFileRead)) return system_failure(*fault, "open", name);
  struct stat status {};
  if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return system_failure(errno, "look at", name);
  }
  if (auto checked = check(status, name); !checked) return pass_on(checked.error());
  // O_NONBLOCK: the file may have been replaced by a fifo since fstatat.
  const auto file = open_at(directory, name, O_RDONLY | O_NONBLOCK);
  if (!file) return pass_on(file.error());
  if (::fstat(file->get(), &status) != 0) return system_failure(errno, "look at", name);
  if (auto checked = check(status, name); !checked) return pass_on(checked.error());
  return read_all(*file, bytes_max, name);
}

namespace {

bool is_closed(int fd) { return ::fcntl(fd, F_GETFD) < 0 && errno == EBADF; }

// Gets the lowest free number, which is the closed one: those below it are open. Children inherit it. In a root without
// /dev/null, a descriptor that can neither be read nor written takes the number.
void open_nothing() {
  if (::open("/dev/null", O_RDWR) < 0) static_cast<void>(::open("/", O_PATH));  // NOLINT: 0 to 2 are not closed at exec
}

}  // namespace

void open_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (is_closed(fd)) open_nothing();
  }
}

}  // namespace netclsd
