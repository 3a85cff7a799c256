// Files of /proc: PID/cgroup, PID/stat (with a name that its process chose), self/mountinfo, cgroups and cmdline.
#include <algorithm>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/model/cgroup_paths.h"
#include "common/model/process.h"
#include "common/net_cls/kernel_flaws.h"
#include "common/net_cls/mount.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

constexpr std::size_t kPairsMax = 8;  // every path is compared with every other

std::string text_of(const CgroupPaths& paths) {
  std::string text;
  for (const CgroupEntry& entry : paths.entries) text += "1:" + entry.hierarchy + ":" + entry.path + "\n";
  return text;
}

// As the kernel writes it where no namespace hides anything: no empty name, no "." and no "..".
bool is_plain(std::string_view path) {
  if (!path.starts_with('/')) return false;
  const auto names = split(path.substr(1), '/');
  return path == "/" || std::none_of(names.begin(), names.end(),
                                     [](std::string_view name) { return name.empty() || name == "." || name == ".."; });
}

std::string joined(const std::string& root, const std::string& way) {
  if (way.empty()) return root;
  return root == "/" ? "/" + way : root + "/" + way;
}

void check_pair(const std::string& root, const std::string& path) {
  const auto way = relative_path(root, path);
  CHECK(way.has_value() == is_within(path, root));
  if (way && is_plain(root) && is_plain(path)) CHECK(joined(root, *way) == path);
}

void check_parents(const std::string& path) {
  if (!is_plain(path)) return;
  CHECK(is_within(path, path));
  for (auto above = parent_path(path); above; above = parent_path(*above)) CHECK(is_within(path, *above));
}

void check_cgroups(std::string_view text) {
  const CgroupPaths paths = CgroupPaths::parse(text);
  CHECK(CgroupPaths::parse(text_of(paths)) == paths);
  const std::size_t count = std::min(paths.entries.size(), kPairsMax);
  for (std::size_t i = 0; i < count; ++i) {
    check_parents(paths.entries[i].path);
    for (std::size_t k = 0; k < count; ++k) check_pair(paths.entries[i].path, paths.entries[k].path);
  }
  if (const std::string* path = paths.net_cls())
    CHECK(paths.entries.end() != std::find_if(paths.entries.begin(), paths.entries.end(),
                                              [&](const CgroupEntry& entry) { return entry.path == *path; }));
}

std::string text_of(const ProcessStat& stat) {
  std::string text = to_string(stat.pid) + " (" + stat.comm + ") " + stat.state + " " + to_string(stat.parent);
  for (int field = 5; field < 20; ++field) text += " 0";
  return text + " " + std::to_string(stat.threads) + " 0 " + std::to_string(stat.start_time.ticks) + " 0";
}

void check_stat(std::string_view text) {
  const auto stat = parse_process_stat(text);
  if (!stat) return;
  CHECK(stat->pid.value >= 0 && stat->parent.value >= 0);
  CHECK(parse_process_stat(text_of(*stat)) == stat);
}

void check_mounts(std::string_view text) {
  const auto mounts = find_cgroup_mounts(text);
  const auto found = find_net_cls_mount(text);
  if (!found) return;
  CHECK(find_net_cls_mount(text, found->mount_point) == found);
  CHECK(expect_no_others(*found).has_value() == found->others.empty());
  CHECK(std::any_of(mounts.begin(), mounts.end(), [&](const CgroupMount& mount) {
    return mount.mount_point == found->mount_point && mount.root == found->root && is_hierarchy(mount, "net_cls");
  }));
}

}  // namespace

void fuzz_one(std::string_view input) {
  check_cgroups(input);
  check_stat(input);
  check_mounts(input);
  static_cast<void>(keeps_cgroup2_matching(input));
  static_cast<void>(what_prevents_net_cls(input, ""));
  static_cast<void>(what_prevents_net_cls("net_cls\t0\t1\t1", input));
}

}  // namespace netclsd
