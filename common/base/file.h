// Files and directories by descriptor. Everything is opened O_CLOEXEC; the *_at functions also O_NOFOLLOW. EINTR is
// retried here. Callable from any thread.
#pragma once

#include <fcntl.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace netclsd {

[[nodiscard]] Result<UniqueFd> open_directory(const std::string& path);
[[nodiscard]] Result<UniqueFd> open_directory_at(const UniqueFd& dir, const std::string& name);
[[nodiscard]] Result<UniqueFd> open_at(const UniqueFd& dir, const std::string& name, int flags, mode_t mode = 0);

// mkdir -p. Directories that exist keep their mode; new ones get `mode`.
[[nodiscard]] Result<void> make_directories(const std::string& path, mode_t mode);

// The whole content; kTooLarge above `bytes_max`. Works for /proc files, whose size is not known beforehand.
[[nodiscard]] Result<std::string> read_all(const UniqueFd& file, std::size_t bytes_max, std::string_view name);
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max);
[[nodiscard]] Result<std::string> read_file_at(const UniqueFd& dir, const std::string& name, std::size_t bytes_max);

// For the files of /proc and cgroupfs that the kernel writes as one record: a read that does not fill the buffer was
// the last. Saves the read that tells the end, which costs as much as the first.
[[nodiscard]] Result<std::string> read_generated_at(const UniqueFd& dir, const std::string& name,
                                                    std::size_t bytes_max);

// One write(2): what a cgroup control file wants.
[[nodiscard]] Result<void> write_once_at(const UniqueFd& dir, const std::string& name, std::string_view text);

// A reader sees the old content or the new one, never half: temporary name (".NAME.tmp"), fsync, rename, fsync of
// the directory.
[[nodiscard]] Result<void> write_atomically_at(const UniqueFd& dir, const std::string& name, std::string_view text,
                                               mode_t mode);
// True if the name was there.
[[nodiscard]] Result<bool> remove_file_at(const UniqueFd& dir, const std::string& name);

// At most `names_max` of them, whichever come first.
[[nodiscard]] Result<std::vector<std::string>> list_some_names(const UniqueFd& dir, std::size_t names_max);
// Names in a directory without "." and "..", sorted; kTooLarge above `names_max`.
[[nodiscard]] Result<std::vector<std::string>> list_names(const UniqueFd& dir, std::size_t names_max);

}  // namespace netclsd
