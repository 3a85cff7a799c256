// The host's file tree below a root directory. In a container the host is at /host, and one of its links to /etc/x must
// lead to /host/etc/x: every path is resolved by the kernel as if the root were "/" (openat2, RESOLVE_IN_ROOT).
//
// Paths are absolute as the host sees them. Files are replaced by rename, so whoever reads one sees the old content or
// the new one.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace netclsd::cli {

struct Attributes {
  mode_t mode = 0644;
  uid_t uid = 0;
  gid_t gid = 0;
  friend bool operator==(const Attributes&, const Attributes&) = default;
};
[[nodiscard]] Attributes own_attributes(mode_t mode);

struct Snapshot {
  std::string content;
  Attributes attributes;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

class RootTree {
 public:
  [[nodiscard]] static Result<RootTree> open(const std::string& root);

  [[nodiscard]] const std::string& root() const { return root_; }

  // Follows links at the end of the path, too: what has to be replaced is the file, not the link to it.
  [[nodiscard]] Result<std::string> real_path(std::string path) const;

  // std::nullopt: there is none.
  [[nodiscard]] Result<std::optional<Snapshot>> read(const std::string& path, std::size_t bytes_max) const;
  [[nodiscard]] Result<std::optional<std::string>> read_link(const std::string& path) const;
  [[nodiscard]] bool is_directory(const std::string& path) const;
  [[nodiscard]] bool exists(const std::string& path) const;                         // links followed
  [[nodiscard]] std::vector<std::string> list(const std::string& directory) const;  // empty: none, or unreadable

  // Whether `outside`, which is not resolved below the root, may be what is at `path`: yes unless it is known not to
  // be.
  [[nodiscard]] bool may_be_same(const std::string& path, const std::string& outside) const;

  // Why nothing can be written in the directory; programs also need a mount without noexec.
  enum class Use { kFiles, kPrograms };
  [[nodiscard]] Result<void> check_usable(const std::string& directory, Use use) const;

  [[nodiscard]] Result<void> make_directory(const std::string& path) const;
  [[nodiscard]] Result<void> replace_file(const std::string& path, const Snapshot& snapshot) const;
  [[nodiscard]] Result<void> switch_link(const std::string& path, const std::string& target) const;
  [[nodiscard]] Result<void> remove_file(const std::string& path) const;  // none there is fine
  // One that is not there or not empty any more is left: others put something into it.
  [[nodiscard]] Result<void> remove_directory(const std::string& path) const;

 private:
  RootTree(std::string root, UniqueFd fd) : root_(std::move(root)), fd_(std::move(fd)) {}
  [[nodiscard]] Result<UniqueFd> open_path(const std::string& path, int flags) const;
  [[nodiscard]] Result<UniqueFd> open_parent(const std::string& path) const;

  std::string root_;
  UniqueFd fd_;
};

[[nodiscard]] std::string parent_of(const std::string& path);
[[nodiscard]] std::string name_of(const std::string& path);
// What replace_file and switch_link write to before they rename. A killed installer leaves it behind.
[[nodiscard]] std::string temporary_of(const std::string& path);

}  // namespace netclsd::cli
