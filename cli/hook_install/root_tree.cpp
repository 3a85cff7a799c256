#include "cli/hook_install/root_tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/base/file.h"

namespace netclsd::cli {
namespace {

constexpr int kLinksMax = 16;  // far more than any real chain of links
constexpr std::size_t kNamesMax = 100'000;

int open_in_root(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  for (;;) {
    const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    // EAGAIN: something was renamed while the kernel resolved the path, so that it cannot vouch for the result.
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return static_cast<int>(fd);
  }
}

// The owner comes first: chown clears set-user-id bits.
Result<void> set_attributes(const UniqueFd& file, const Attributes& wanted, const std::string& path) {
  struct stat now {};
  if (::fstat(file.get(), &now) != 0) return system_failure(errno, "stat", path);
  const bool is_owner_right = now.st_uid == wanted.uid && now.st_gid == wanted.gid;
  if (!is_owner_right && ::fchown(file.get(), wanted.uid, wanted.gid) != 0) {
    return system_failure(errno, "give the owner to", path);
  }
  if (::fchmod(file.get(), wanted.mode) != 0) return system_failure(errno, "set the mode of", path);
  return {};
}

Attributes attributes_of(const struct stat& status) {
  return {.mode = status.st_mode & 07777, .uid = status.st_uid, .gid = status.st_gid};
}

bool is_absence(int error) { return error == ENOENT || error == ENOTDIR; }

// Does not follow a link that has replaced the directory.
Result<void> set_mode_for_everybody(const UniqueFd& parent, const std::string& path) {
  const auto directory = open_directory_at(parent, name_of(path));
  if (!directory) return pass_on(directory.error());
  if (::fchmod(directory->get(), kForEverybody) != 0) return system_failure(errno, "set the mode of", path);
  return {};
}

}  // namespace

Attributes own_attributes(mode_t mode) { return {.mode = mode, .uid = ::geteuid(), .gid = ::getegid()}; }

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Not *.json and not *.toml: no runtime takes it for a configuration.
std::string temporary_of(const std::string& path) {
  const std::string parent = parent_of(path);
  return (parent == "/" ? "" : parent) + "/." + name_of(path) + ".netclsd-tmp";
}

Result<RootTree> RootTree::open(const std::string& root) {
  auto fd = open_directory(root);
  if (!fd) return pass_on(fd.error());
  const int self = open_in_root(fd->get(), ".", O_PATH);
  if (self < 0) return system_failure(errno, "openat2 (Linux 5.6 or newer is needed) on", root);
  ::close(self);
  return RootTree(root, std::move(*fd));
}

Result<UniqueFd> RootTree::open_path(const std::string& path, int flags) const {
  const int fd = open_in_root(fd_.get(), path, flags);
  if (fd < 0) return system_failure(errno, "open", path);
  return UniqueFd(fd);
}

Result<UniqueFd> RootTree::open_parent(const std::string& path) const {
  return open_path(parent_of(path), O_RDONLY | O_DIRECTORY);
}

Result<std::string> RootTree::real_path(std::string path) const {
  for (int links = 0; links < kLinksMax; ++links) {
    auto target = read_link(path);
    if (!target) return pass_on(target.error());
    if (!*target) return path;
    const std::string parent = parent_of(path);
    path = (*target)->starts_with('/') ? **target : (parent == "/" ? "" : parent) + "/" + **target;
  }
  return system_failure(ELOOP, "follow", path);
}

Result<std::optional<Snapshot>> RootTree::read(const std::string& path, std::size_t bytes_max) const {
  auto file = open_path(path, O_RDONLY | O_NONBLOCK);
  if (!file && is_absence(file.error().sys_errno())) return std::nullopt;
  if (!file) return pass_on(file.error());
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return system_failure(errno, "stat", path);
  if (!S_ISREG(status.st_mode)) return failure(ErrorCode::kInvalid, path + " is not a regular file");
  auto content = read_all(*file, bytes_max, path);
  if (!content) return pass_on(content.error());
  return Snapshot{.content = std::move(*content), .attributes = attributes_of(status)};
}

Result<std::optional<std::string>> RootTree::read_link(const std::string& path) const {
  auto link = open_path(path, O_PATH | O_NOFOLLOW);
  if (!link && is_absence(link.error().sys_errno())) return std::nullopt;
  if (!link) return pass_on(link.error());
  char target[4096];
  const ssize_t length = ::readlinkat(link->get(), "", target, sizeof target);
  if (length < 0 && (errno == ENOENT || errno == EINVAL)) return std::nullopt;  // not a link
  if (length < 0) return system_failure(errno, "read link", path);
  return std::string(target, static_cast<std::size_t>(length));
}

std::optional<std::int64_t> RootTree::change_time_s(const std::string& path) const {
  const auto fd = open_path(path, O_PATH);
  struct stat status {};
  if (!fd || ::fstat(fd->get(), &status) != 0) return std::nullopt;
  return status.st_ctim.tv_sec;
}

bool RootTree::is_directory(const std::string& path) const { return open_path(path, O_PATH | O_DIRECTORY).has_value(); }

bool RootTree::exists(const std::string& path) const { return open_path(path, O_PATH).has_value(); }

bool RootTree::may_be_same(const std::string& path, const std::string& outside) const {
  const auto fd = open_path(path, O_PATH);
  struct stat ours {};
  struct stat theirs {};
  if (!fd || ::fstat(fd->get(), &ours) != 0) return false;
  if (::stat(outside.c_str(), &theirs) != 0) return !is_absence(errno);
  return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

std::vector<std::string> RootTree::list(const std::string& directory) const {
  const auto fd = open_path(directory, O_RDONLY | O_DIRECTORY);
  if (!fd) return {};
  return list_some_names(*fd, kNamesMax).value_or(std::vector<std::string>{});
}

std::optional<DirectoryFacts> RootTree::directory_facts(const std::string& path) const {
  const auto fd = open_path(path, O_PATH | O_DIRECTORY);
  struct statx status {};
  constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
  if (!fd || ::statx(fd->get(), "", AT_EMPTY_PATH, kWanted, &status) != 0) return std::nullopt;
  DirectoryFacts facts{
      .mode = static_cast<mode_t>(status.stx_mode & 07777), .uid = status.stx_uid, .inode = status.stx_ino};
  if ((status.stx_mask & STATX_BTIME) != 0) facts.born_s = status.stx_btime.tv_sec;
  if ((status.stx_mask & STATX_MNT_ID) != 0) facts.mount = status.stx_mnt_id;
  return facts;
}

std::string RootTree::mount_point_of(std::string path) const {
  const auto own = directory_facts(path);
  while (path != "/") {
    const auto above = directory_facts(parent_of(path));
    if (!own || !above || own->mount != above->mount) break;
    path = parent_of(path);
  }
  return path;
}

Result<void> RootTree::check_usable(const std::string& directory, Use use) const {
  const auto fd = open_path(directory, O_RDONLY | O_DIRECTORY);
  if (!fd) return pass_on(fd.error());
  struct statvfs mount {};
  if (::fstatvfs(fd->get(), &mount) != 0) return system_failure(errno, "statvfs", directory);
  const auto refuse = [&](const char* what, const char* why) {
    return failure(ErrorCode::kForbidden,
                   what + directory + ": " + why + " (the mount at " + mount_point_of(directory) + ")");
  };
  if ((mount.f_flag & ST_RDONLY) != 0) return refuse("write in ", "Read-only file system");
  if (use == Use::kPrograms && (mount.f_flag & ST_NOEXEC) != 0) return refuse("run programs in ", "noexec");
  if (::faccessat(fd->get(), ".", W_OK, AT_EACCESS) != 0) return system_failure(errno, "write in", directory);
  return {};
}

bool RootTree::is_noexec(const std::string& directory) const {
  const auto fd = open_path(directory, O_RDONLY | O_DIRECTORY);
  struct statvfs mount {};
  return fd && ::fstatvfs(fd->get(), &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0;
}

Result<void> RootTree::make_directory(const std::string& path) const {
  auto parent = open_parent(path);
  if (!parent) return pass_on(parent.error());
  if (::mkdirat(parent->get(), name_of(path).c_str(), kForEverybody) == 0) return set_mode_for_everybody(*parent, path);
  return errno == EEXIST ? Result<void>{} : system_failure(errno, "make directory", path);
}

Result<void> RootTree::open_to_everybody(const std::string& directory) const {
  auto parent = open_parent(directory);
  if (!parent) return pass_on(parent.error());
  return set_mode_for_everybody(*parent, directory);
}

Result<void> RootTree::replace_file(const std::string& path, const Snapshot& snapshot) const {
  return replace(path, [&](const UniqueFd& directory, const std::string& temporary) {
    return write_new_at(directory, temporary, snapshot.content, 0600,
                        [&](const UniqueFd& file) { return set_attributes(file, snapshot.attributes, path); });
  });
}

Result<void> RootTree::switch_link(const std::string& path, const std::string& target) const {
  return replace(path, [&](const UniqueFd& directory, const std::string& temporary) -> Result<void> {
    if (::symlinkat(target.c_str(), directory.get(), temporary.c_str()) == 0) return {};
    return system_failure(errno, "make link", temporary);
  });
}

Result<void> RootTree::replace(const std::string& path, const MakeAt& make) const {
  auto directory = open_parent(path);
  if (!directory) return pass_on(directory.error());
  auto replaced = replace_at(*directory, name_of(temporary_of(path)), name_of(path), make);
  return replaced ? replaced : pass_on(replaced.error(), path);
}

Result<void> RootTree::remove_file(const std::string& path) const {
  auto directory = open_parent(path);
  if (!directory && is_absence(directory.error().sys_errno())) return {};
  if (!directory) return pass_on(directory.error());
  auto removed = remove_file_at(*directory, name_of(path));
  if (!removed) return pass_on(removed.error());
  return {};
}

Result<void> RootTree::remove_directory(const std::string& path) const {
  auto parent = open_parent(path);
  if (!parent && is_absence(parent.error().sys_errno())) return {};
  if (!parent) return pass_on(parent.error());
  const bool is_gone = ::unlinkat(parent->get(), name_of(path).c_str(), AT_REMOVEDIR) == 0;
  if (is_gone || errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR) return {};
  return system_failure(errno, "remove directory", path);
}

}  // namespace netclsd::cli
