// Files in a directory of our own. Only root can put anything else there; but what is read there is believed, so a file
// that somebody else could have written is no file of ours, wherever it lies.
#pragma once

#include <cstddef>
#include <string>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace netclsd {

// The content of a regular file that belongs to this process's user, that nobody else may write, and that has no other
// name. Nothing else is even opened: opening a device can do something.
[[nodiscard]] Result<std::string> read_own_file_at(const UniqueFd& directory, const std::string& name,
                                                   std::size_t bytes_max);

}  // namespace netclsd
