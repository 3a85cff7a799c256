#include "agent/sources/watched_file.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace netclsd {
namespace {

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

WatchedFile::Change WatchedFile::look() {
  struct stat found {};
  if (::fstatat(directory_.get(), name_, &found, AT_SYMLINK_NOFOLLOW) != 0) {
    seen_ = {};
    return Change::kGone;
  }
  if (is_same(found, seen_)) return Change::kNone;
  auto text = read_own_file_at(directory_, name_, max_bytes_);
  if (!text && text.error().sys_errno() == ENOENT) return Change::kNone;  // removed meanwhile
  // A file that cannot be read now is tried again.
  if (text || !text.error().may_pass()) seen_ = found;
  content_ = std::move(text);
  return Change::kNew;
}

}  // namespace netclsd
