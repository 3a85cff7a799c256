#include "common/net_cls/group.h"

#include <sys/stat.h>

#include <cerrno>

#include "common/base/fault_point.h"
#include "common/base/file.h"
#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr std::size_t kProcsFileMax_bytes = 64U << 20;  // 4 million pids, the kernel's maximum, with room
constexpr std::size_t kClassidFileMax_bytes = 64;
constexpr std::size_t kNamesMax = 100'000;
constexpr int kDepthMax = 16;

Result<void> write_control(const UniqueFd& group, const std::string& name, const std::string& text, FaultPoint point) {
  if (const auto fault = fault_at(point)) return system_failure(*fault, "write", name);
  return write_once_at(group, name, text);
}

// 0, or the errno.
int remove_directory(const UniqueFd& parent, const std::string& name) {
  if (const auto fault = fault_at(FaultPoint::kGroupRemove)) return *fault;
  return ::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0 ? 0 : errno;
}

bool is_directory(const UniqueFd& parent, const std::string& name) {
  struct stat status {};
  return ::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

Result<UniqueFd> descend(const UniqueFd& root, const std::string& relative, bool make_missing) {
  auto group = open_at(root, ".", O_RDONLY | O_DIRECTORY);
  for (const std::string_view part : split(relative, '/')) {
    if (!group || part.empty()) continue;
    const std::string name(part);
    if (make_missing && ::mkdirat(group->get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
      return system_failure(errno, "make group", relative);
    }
    group = open_directory_at(*group, name);
  }
  if (!group && group.error().sys_errno() == ENOENT) return failure(ErrorCode::kNotFound, "no group " + relative);
  return group;
}

Result<RemoveOutcome> remove_one(const UniqueFd& parent, const std::string& name, int depth);

// The control files in a group's directory cannot be removed, and go with it.
Result<RemoveOutcome> remove_children(const UniqueFd& group, int depth) {
  const auto names = children_of(group, kNamesMax);
  if (!names) return pass_on(names.error());
  for (const std::string& name : *names) {
    auto removed = remove_one(group, name, depth + 1);
    if (!removed || *removed == RemoveOutcome::kNotEmpty) return removed;
  }
  return RemoveOutcome::kRemoved;
}

Result<RemoveOutcome> remove_one(const UniqueFd& parent, const std::string& name, int depth) {
  const int error = remove_directory(parent, name);
  if (error == 0 || error == ENOENT || error == ENODEV) return RemoveOutcome::kRemoved;
  if (error != EBUSY) return system_failure(error, "remove group", name);
  auto group = open_directory_at(parent, name);
  if (!group || depth == kDepthMax) return RemoveOutcome::kNotEmpty;
  auto children = remove_children(*group, depth);
  if (!children || *children == RemoveOutcome::kNotEmpty) return children;
  return remove_directory(parent, name) == 0 ? RemoveOutcome::kRemoved : RemoveOutcome::kNotEmpty;
}

}  // namespace

// The kernel makes this file in every directory of the hierarchy.
bool is_group(const UniqueFd& directory) {
  struct stat status {};
  return ::fstatat(directory.get(), "net_cls.classid", &status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool has_children(const UniqueFd& group) {
  struct stat status {};
  return ::fstat(group.get(), &status) != 0 || status.st_nlink > 2;
}

Result<std::vector<std::string>> children_of(const UniqueFd& group, std::size_t names_max) {
  auto names = list_names(group, names_max);
  if (!names) return pass_on(names.error());
  std::erase_if(*names, [&](const std::string& name) { return !is_directory(group, name); });
  return names;
}

Result<UniqueFd> make_group(const UniqueFd& root, const std::string& relative) {
  if (const auto fault = fault_at(FaultPoint::kGroupMake)) return system_failure(*fault, "make group", relative);
  return descend(root, relative, true);
}

Result<UniqueFd> open_group(const UniqueFd& root, const std::string& relative) {
  return descend(root, relative, false);
}

Result<AttachOutcome> attach(const UniqueFd& group, Pid pid) {
  auto written = write_control(group, "cgroup.procs", to_string(pid), FaultPoint::kCgroupAttach);
  if (written) return AttachOutcome::kAttached;
  if (written.error().sys_errno() == ESRCH) return AttachOutcome::kProcessGone;
  return pass_on(written.error(), "attach pid " + to_string(pid));
}

Result<std::uint32_t> read_classid(const UniqueFd& group) {
  auto text = read_file_at(group, "net_cls.classid", kClassidFileMax_bytes);
  if (!text) return pass_on(text.error());
  const auto raw = parse_unsigned(std::string_view(*text).substr(0, text->find('\n')));
  if (!raw || *raw > 0xffff'ffff) return invalid("net_cls.classid has unexpected content");
  return static_cast<std::uint32_t>(*raw);
}

Result<void> write_classid(const UniqueFd& group, std::uint32_t raw) {
  return write_control(group, "net_cls.classid", std::to_string(raw), FaultPoint::kClassidWrite);
}

Result<std::vector<Pid>> processes_in(const UniqueFd& group) {
  auto text = read_file_at(group, "cgroup.procs", kProcsFileMax_bytes);
  std::vector<Pid> pids;
  if (!text && (text.error().sys_errno() == ENODEV || text.error().sys_errno() == ENOENT)) return pids;
  if (!text) return pass_on(text.error());
  for (const std::string_view line : split(*text, '\n')) {
    if (const auto pid = parse_unsigned(line)) pids.push_back(Pid{static_cast<std::int32_t>(*pid)});
  }
  return pids;
}

Result<RemoveOutcome> remove_group(const UniqueFd& root, const std::string& relative) {
  const std::size_t slash = relative.rfind('/');
  auto parent = open_group(root, slash == std::string::npos ? "" : relative.substr(0, slash));
  if (!parent && parent.error().code() == ErrorCode::kNotFound) return RemoveOutcome::kRemoved;
  if (!parent) return pass_on(parent.error());
  return remove_one(*parent, slash == std::string::npos ? relative : relative.substr(slash + 1), 0);
}

}  // namespace netclsd
