#include "agent/kernel/net_cls_groups.h"

#include <sys/stat.h>

#include "common/base/file.h"

namespace netclsd {
namespace {

constexpr std::size_t kChildrenMax = 200'000;

bool is_alive(const UniqueFd& group) {
  struct stat status {};
  return ::fstat(group.get(), &status) == 0 && status.st_nlink > 0;
}

}  // namespace

Result<const UniqueFd*> NetClsGroups::group(const std::string& directory) {
  const auto known = open_groups_.find(directory);
  if (known != open_groups_.end() && is_alive(known->second)) return &known->second;
  auto opened = open_group(root_, directory);
  if (!opened) return pass_on(opened.error());
  return &open_groups_.insert_or_assign(directory, std::move(*opened)).first->second;
}

Result<void> NetClsGroups::make(const std::string& directory) {
  auto made = make_group(root_, directory);
  if (!made) return pass_on(made.error());
  open_groups_.insert_or_assign(directory, std::move(*made));
  return {};
}

Result<AttachOutcome> NetClsGroups::attach(const std::string& directory, Pid pid) {
  auto found = group(directory);
  if (!found) return pass_on(found.error());
  return netclsd::attach(**found, pid);
}

Result<std::uint32_t> NetClsGroups::classid(const std::string& directory) {
  auto found = group(directory);
  if (!found) return pass_on(found.error());
  return read_classid(**found);
}

Result<void> NetClsGroups::set_classid(const std::string& directory, std::uint32_t raw) {
  auto found = group(directory);
  if (!found) return pass_on(found.error());
  return write_classid(**found, raw);
}

Result<std::vector<Pid>> NetClsGroups::processes(const std::string& directory) {
  auto found = group(directory);
  if (!found && found.error().code() == ErrorCode::kNotFound) return std::vector<Pid>{};
  if (!found) return pass_on(found.error());
  return processes_in(**found);
}

Result<RemoveOutcome> NetClsGroups::remove(const std::string& directory) {
  open_groups_.erase(directory);
  return remove_group(root_, directory);
}

Result<std::vector<std::string>> NetClsGroups::children(const std::string& directory) {
  auto found = group(directory);
  if (!found) return pass_on(found.error());
  auto names = list_names(**found, kChildrenMax);
  if (!names) return pass_on(names.error());
  std::erase_if(*names, [&](const std::string& name) {
    struct stat status {};
    return ::fstatat((*found)->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode);
  });
  return names;
}

}  // namespace netclsd
