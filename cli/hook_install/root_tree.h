// The host's file tree below a root directory. In a container the host is at /host, and one of its links to /etc/x must
// lead to /host/etc/x: the kernel resolves every path as if the root were "/" (openat2, RESOLVE_IN_ROOT).
//
// Paths are absolute, as the host sees them. Files and links are replaced by rename: a reader sees the old one or the
// new one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/file.h"

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

struct DirectoryFacts {
  mode_t mode = 0;
  uid_t uid = 0;
  std::uint64_t inode = 0;
  std::optional<std::int64_t> born_s = {};  // since the epoch; not every file system tells
  std::optional<std::uint64_t> mount = {};  // its id; Linux 5.8
};

class RootTree {
 public:
  [[nodiscard]] static Result<RootTree> open(const std::string& root);

  [[nodiscard]] const std::string& root() const { return root_; }

  // Follows links at the end of the path, too: the file has to be replaced, not the link to it.
  [[nodiscard]] Result<std::string> real_path(std::string path) const;

  // std::nullopt: there is none.
  [[nodiscard]] Result<std::optional<Snapshot>> read(const std::string& path, std::size_t bytes_max) const;
  [[nodiscard]] Result<std::optional<std::string>> read_link(const std::string& path) const;
  // When its content, mode or name last changed, in seconds since 1970; links followed. std::nullopt: unknown.
  [[nodiscard]] std::optional<std::int64_t> change_time_s(const std::string& path) const;
  [[nodiscard]] bool is_directory(const std::string& path) const;
  [[nodiscard]] bool exists(const std::string& path) const;                         // links followed
  [[nodiscard]] std::vector<std::string> list(const std::string& directory) const;  // empty: none, or unreadable

  // Whether `path` and `outside`, which is not resolved below the root, may be the same file. True if that is unknown.
  [[nodiscard]] bool may_be_same(const std::string& path, const std::string& outside) const;

  // std::nullopt: there is none, or it cannot be examined.
  [[nodiscard]] std::optional<DirectoryFacts> directory_facts(const std::string& path) const;
  // The directory, this one or one above it, on which its file system is mounted.
  [[nodiscard]] std::string mount_point_of(std::string path) const;

  // Why nothing can be written in the directory, naming its mount; programs also need one without noexec.
  enum class Use { kFiles, kPrograms };
  [[nodiscard]] Result<void> check_usable(const std::string& directory, Use use) const;

  [[nodiscard]] bool is_noexec(const std::string& directory) const;

  // Open to everybody, whatever the umask. A directory that exists stays as it is.
  [[nodiscard]] Result<void> make_directory(const std::string& path) const;
  [[nodiscard]] Result<void> open_to_everybody(const std::string& directory) const;
  [[nodiscard]] Result<void> replace_file(const std::string& path, const Snapshot& snapshot) const;
  [[nodiscard]] Result<void> switch_link(const std::string& path, const std::string& target) const;
  [[nodiscard]] Result<void> remove_file(const std::string& path) const;  // none there is fine
  // If it is missing, or not empty because others use it, nothing is done.
  [[nodiscard]] Result<void> remove_directory(const std::string& path) const;

 private:
  RootTree(std::string root, UniqueFd fd) : root_(std::move(root)), fd_(std::move(fd)) {}
  [[nodiscard]] Result<UniqueFd> open_path(const std::string& path, int flags) const;
  [[nodiscard]] Result<UniqueFd> open_parent(const std::string& path) const;
  [[nodiscard]] Result<void> replace(const std::string& path, const MakeAt& make) const;

  std::string root_;
  UniqueFd fd_;
};

// The mode of a directory that is open to everybody.
inline constexpr mode_t kForEverybody = 0755;

[[nodiscard]] std::string parent_of(const std::string& path);
[[nodiscard]] std::string name_of(const std::string& path);
// The name that replace_file() and switch_link() use before they rename. A killed installer leaves it behind.
[[nodiscard]] std::string temporary_of(const std::string& path);

}  // namespace netclsd::cli
