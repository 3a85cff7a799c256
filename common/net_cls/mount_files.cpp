#include "common/net_cls/mount_files.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/base/file.h"
#include "common/json/fields.h"
#include "common/net_cls/mount.h"
#include "common/proc/proc.h"

namespace netclsd {
namespace {

constexpr std::size_t kSettingsMax_bytes = 4096;
constexpr std::size_t kEntryMax_bytes = 1U << 20;  // a spool entry has the container's annotations
constexpr std::size_t kContainersMax = 200'000;

struct FilePlace {
  std::string directory;
  std::string name;
};

FilePlace place_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// One name, so that the group is directly below the hierarchy's root.
bool is_group_name(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos;
}

bool lives(const Json& container, const std::string& proc) {
  FieldReader fields(container);
  const Pid pid{static_cast<std::int32_t>(fields.required_number("pid", kPidMax))};
  const auto start_time = fields.number("start_time", kAnyNumber);
  if (fields.failed()) return true;
  const auto stat = read_process_stat(proc, pid);
  if (!stat) return true;
  if (!*stat || is_dead(**stat)) return false;
  const auto seen = in_initial_time(proc, (*stat)->start_time);
  return !start_time || !seen || seen->ticks == *start_time;
}

bool is_of_live_container(const UniqueFd& directory, const std::string& name, const std::string& proc) {
  const auto text = read_own_file_at(directory, name, kEntryMax_bytes);
  if (!text) return text.error().sys_errno() != ENOENT;  // removed meanwhile
  const auto json = parse_json_object(*text, name);
  return !json || lives(*json, proc);
}

template <typename Counts>
bool has_file(const std::string& path, Counts counts) {
  const auto directory = open_directory(path);
  if (!directory) return directory.error().sys_errno() != ENOENT;
  const auto names = list_some_names(*directory, kContainersMax);
  if (!names) return true;
  return std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    return !name.starts_with('.') && name.ends_with(".json") && counts(*directory, name);
  });
}

}  // namespace

Result<MountLock> MountLock::open(const std::string& mount_point) { return open_file(mount_point + ".lock"); }
Result<MountLock> MountLock::open_wanted(const std::string& mount_point) { return open_file(mount_point + ".wanted"); }

Result<MountLock> MountLock::open_file(const std::string& path) {
  const FilePlace place = place_of(path);
  const auto directory = open_directory(place.directory);
  if (!directory) return pass_on(directory.error());
  auto file = open_at(*directory, place.name, O_WRONLY | O_CREAT, 0600);
  if (!file) return pass_on(file.error());
  return MountLock(std::move(*file));
}

Result<bool> MountLock::try_to_share() { return attempt(LOCK_SH | LOCK_NB); }
Result<bool> MountLock::try_to_have_alone() { return attempt(LOCK_EX | LOCK_NB); }
void MountLock::release() { static_cast<void>(attempt(LOCK_UN)); }

Result<bool> MountLock::attempt(int operation) {
  for (;;) {
    if (::flock(file_.get(), operation) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return system_failure(errno, "lock the net_cls mount");
  }
}

MountSettings default_mount_settings() { return {.parent = kDefaultParentGroup}; }

Result<MountSettings> read_mount_settings(const std::string& mount_point) {
  const FilePlace place = place_of(mount_point + ".json");
  const auto directory = open_directory(place.directory);
  if (!directory && directory.error().sys_errno() == ENOENT) return default_mount_settings();
  if (!directory) return pass_on(directory.error());
  const auto text = read_own_file_at(*directory, place.name, kSettingsMax_bytes);
  if (!text && text.error().sys_errno() == ENOENT) return default_mount_settings();
  if (!text) return pass_on(text.error(), place.name);
  const auto json = parse_json_object(*text, place.name);
  if (!json) return pass_on(json.error());
  FieldReader fields(*json);
  MountSettings settings{.parent = fields.required_text("parent"),
                         .keeps_mounted = fields.required_number("keeps_mounted", 1) == 1};
  if (fields.failed()) return fields.first_failure();
  if (!is_group_name(settings.parent)) return invalid(place.name + ": parent is no group's name");
  return settings;
}

Result<void> write_mount_settings(const std::string& mount_point, const MountSettings& settings) {
  const FilePlace place = place_of(mount_point + ".json");
  const auto directory = open_directory(place.directory);
  if (!directory) return pass_on(directory.error());
  const OrderedJson json = {{"parent", settings.parent}, {"keeps_mounted", settings.keeps_mounted ? 1 : 0}};
  return write_atomically_at(*directory, place.name, dump(json) + "\n", 0600);
}

bool has_container(const std::string& directory) {
  return has_file(directory, [](const UniqueFd&, const std::string&) { return true; });
}

bool has_live_container(const std::string& directory, const std::string& proc) {
  return has_file(directory, [&](const UniqueFd& opened, const std::string& name) {
    return is_of_live_container(opened, name, proc);
  });
}

}  // namespace netclsd
