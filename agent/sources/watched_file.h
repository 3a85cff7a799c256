// A small file in the state directory that another program replaces as a whole (by rename): read when it has changed.
// Loop thread only.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <string>

#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

class WatchedFile {
 public:
  static constexpr std::size_t kMax_bytes = 64U << 10;

  // Both outlive it. `name`: in `directory`.
  WatchedFile(const UniqueFd& directory, const char* name, std::size_t max_bytes = kMax_bytes)
      : directory_(directory), name_(name), max_bytes_(max_bytes) {}

  enum class Change { kNone, kGone, kNew };
  // kNew: content() is another than before, or it cannot be read, for which content() has the reason.
  [[nodiscard]] Change look();
  [[nodiscard]] const Result<std::string>& content() const { return content_; }

 private:
  const UniqueFd& directory_;
  const char* name_;
  std::size_t max_bytes_;
  struct stat seen_ {};  // of the file that `content_` is from
  Result<std::string> content_;
};

}  // namespace netclsd
