// Files and directories by descriptor. All are opened O_CLOEXEC; the *_at functions also use O_NOFOLLOW. EINTR is
// retried here. May be called from any thread.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.h"

namespace netclsd {

// Owns one file descriptor, from the line that opens it. Movable; the destructor closes it.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

[[nodiscard]] Result<UniqueFd> open_directory(const std::string& path);
[[nodiscard]] Result<UniqueFd> open_directory_at(const UniqueFd& dir, const std::string& name);
[[nodiscard]] Result<UniqueFd> open_at(const UniqueFd& dir, const std::string& name, int flags, mode_t mode = 0);

// The path as the kernel writes it into mountinfo: links followed, no "//", no "..". Names that do not exist are kept.
[[nodiscard]] std::string canonical_path(const std::string& path);

// mkdir -p. Directories that exist keep their mode; new ones get `mode`.
[[nodiscard]] Result<void> make_directories(const std::string& path, mode_t mode);

// The whole content; kTooLarge above `bytes_max`. Works for /proc files, whose size is not known beforehand.
[[nodiscard]] Result<std::string> read_all(const UniqueFd& file, std::size_t bytes_max, std::string_view name);
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max);
[[nodiscard]] Result<std::string> read_file_at(const UniqueFd& dir, const std::string& name, std::size_t bytes_max);

// For files of /proc and cgroupfs that the kernel writes as one record: a read that does not fill the buffer is the
// last one. This saves the read that returns 0, which costs as much as the first.
[[nodiscard]] Result<std::string> read_generated_at(const UniqueFd& dir, const std::string& name,
                                                    std::size_t bytes_max);

// One write(2), as a cgroup control file needs it.
[[nodiscard]] Result<void> write_once_at(const UniqueFd& dir, const std::string& name, std::string_view text);

// A reader sees the old content or the new one, never a part: temporary name (".NAME.tmp"), fsync, rename, fsync of the
// directory.
[[nodiscard]] Result<void> write_atomically_at(const UniqueFd& dir, const std::string& name, std::string_view text,
                                               mode_t mode);
// The same for anything that `make` makes under the name `temporary`, such as a link. On an error `temporary` is
// removed.
using MakeAt = std::function<Result<void>(const UniqueFd& dir, const std::string& temporary)>;
[[nodiscard]] Result<void> replace_at(const UniqueFd& dir, const std::string& temporary, const std::string& name,
                                      const MakeAt& make);
// Makes a file and syncs it; `prepare`, if any, is called before that. There must be none of this name.
[[nodiscard]] Result<void> write_new_at(const UniqueFd& dir, const std::string& name, std::string_view text,
                                        mode_t mode,
                                        const std::function<Result<void>(const UniqueFd& file)>& prepare = nullptr);
// True if the name was there.
[[nodiscard]] Result<bool> remove_file_at(const UniqueFd& dir, const std::string& name);

// The names in a directory without "." and "..", sorted; kTooLarge above `names_max`.
[[nodiscard]] Result<std::vector<std::string>> list_names(const UniqueFd& dir, std::size_t names_max);
// The same, but at most `names_max` of them: those that the kernel lists first.
[[nodiscard]] Result<std::vector<std::string>> list_some_names(const UniqueFd& dir, std::size_t names_max);

// The content of a file in a directory of our own. Only root can put other files there; but we trust the content, so a
// file that somebody else could have written is refused. It must be a regular file that belongs to this process's user,
// that nobody else may write, and that has no other name. Anything else is not even opened, since opening a device can
// have effects. An error that may_pass(): it could not be read this time (no descriptor, no memory, a bad disk), or it
// does not exist (ENOENT). Any other error is about the file itself and will not go away.
[[nodiscard]] Result<std::string> read_own_file_at(const UniqueFd& directory, const std::string& name,
                                                   std::size_t bytes_max);

// Opens those of the descriptors 0, 1 and 2 that are closed, on /dev/null. Otherwise the next opened file would get
// such a number, and output for stderr would go into it. Every program calls this first.
void open_standard_descriptors();

}  // namespace netclsd
