#include "agent/sources/spool_directory.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "common/base/file.h"

namespace netclsd {
namespace {

constexpr std::size_t kNamesMax = 100'000;
constexpr std::chrono::nanoseconds kUnfinishedMax = std::chrono::minutes{2};  // no hook lives longer than one

struct Entry {
  std::int64_t modified_ns;
  std::string name;
  auto operator<=>(const Entry&) const = default;
};

std::optional<Entry> entry_at(const UniqueFd& directory, const std::string& name) {
  struct stat status {};
  if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return Entry{status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, name};
}

Result<SpoolEntry> parse(const UniqueFd& directory, const std::string& name) {
  const auto text = read_own_file_at(directory, name, kBodyMax_bytes);
  if (!text) return pass_on(text.error());
  return parse_spool_entry(*text);
}

// A hook is still writing it, or was killed while it did: then nobody else will take it away.
void remove_if_abandoned(const UniqueFd& directory, const std::string& name) {
  const auto entry = entry_at(directory, name);
  const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  if (entry && now.count() - entry->modified_ns > kUnfinishedMax.count()) {
    static_cast<void>(remove_file_at(directory, name));
  }
}

}  // namespace

void SpoolDirectory::look() {
  std::vector<Entry> entries;
  for (const std::string& name : list_some_names(directory_, kNamesMax).value_or(std::vector<std::string>{})) {
    if (name.starts_with('.')) remove_if_abandoned(directory_, name);
    if (name.starts_with('.') || !name.ends_with(".json")) continue;
    if (auto entry = entry_at(directory_, name)) entries.push_back(std::move(*entry));
  }
  std::sort(entries.begin(), entries.end());
  waiting_.clear();
  for (Entry& entry : entries) waiting_.push_back(std::move(entry.name));
}

std::vector<SpoolItem> SpoolDirectory::take(std::size_t entries_max) {
  std::vector<SpoolItem> items;
  while (!waiting_.empty() && items.size() < entries_max) {
    const std::string name = std::exchange(waiting_.front(), {});
    waiting_.pop_front();
    auto entry = parse(directory_, name);
    if (!entry && entry.error().sys_errno() == ENOENT) continue;  // removed meanwhile
    items.push_back({name, std::move(entry)});
  }
  return items;
}

void SpoolDirectory::set_aside(const std::string& name) {
  const std::string aside = name + ".unreadable";
  if (::renameat(directory_.get(), name.c_str(), directory_.get(), aside.c_str()) != 0) discard(name);
}

void SpoolDirectory::discard(const std::string& name) { static_cast<void>(remove_file_at(directory_, name)); }

}  // namespace netclsd
