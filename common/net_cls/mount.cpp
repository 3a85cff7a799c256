#include "common/net_cls/mount.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/base/text.h"
#include "common/model/cgroup_paths.h"

namespace netclsd {
namespace {

// proc(5): blanks, tabs, line feeds and backslashes in a path are written as a backslash and three octal digits.
std::string unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto code = text.front() == '\\' ? parse_unsigned(text.substr(1, 3), 8) : std::nullopt;
    out.push_back(code ? static_cast<char>(*code) : text.front());
    text.remove_prefix(code ? std::min<std::size_t>(4, text.size()) : 1);
  }
  return out;
}

// Options of a hierarchy that are no controllers. (Those with a value, like "name=systemd", are none either.) An
// unknown word is taken for a controller: some kernels have controllers of their own.
constexpr std::array<std::string_view, 13> kNoControllers = {
    "rw",       "ro",    "sync",           "dirsync",      "mand",           "lazytime", "seclabel",
    "noprefix", "xattr", "cpuset_v2_mode", "favordynmods", "clone_children", ""};
constexpr std::array<std::string_view, 2> kHarmless = {"net_cls", "net_prio"};

template <typename Words>
bool is_one_of(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A security label may have commas, and then quotes: context="system_u:object_r:cgroup_t:s0:c1,c2".
std::string without_quoted(std::string_view options) {
  std::string out;
  bool is_quoted = false;
  for (const char c : options) {
    if (c == '"') is_quoted = !is_quoted;
    if (!is_quoted) out.push_back(c);
  }
  return out;
}

struct Line {
  CgroupMount mount;
  bool is_writable;
  bool favors_dynmods;
};

// "ID PARENT MAJ:MIN ROOT MOUNT-POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER-OPTIONS"
std::optional<Line> parse_line(std::string_view line) {
  const auto fields = split(line, ' ');
  const auto dash = std::find(fields.begin(), fields.end(), "-");
  if (fields.size() < 10 || fields.end() - dash < 4) return std::nullopt;
  if (dash[1] != "cgroup" && dash[1] != "cgroup2") return std::nullopt;
  const std::string_view controllers = dash[1] == "cgroup" ? dash[3] : "";
  return Line{.mount = {std::string(controllers), unescape(fields[4]), unescape(fields[3])},
              .is_writable = has_controller(fields[5], "rw"),
              .favors_dynmods = has_controller(dash[3], "favordynmods")};
}

}  // namespace

std::optional<NetClsMount> find_net_cls_mount(std::string_view mountinfo, std::string_view mount_point) {
  for (const std::string_view line : split(mountinfo, '\n')) {
    const auto parsed = parse_line(line);
    if (!parsed || !parsed->is_writable || !is_hierarchy(parsed->mount, "net_cls")) continue;
    if (!mount_point.empty() && parsed->mount.mount_point != mount_point) continue;
    return NetClsMount{.mount_point = parsed->mount.mount_point,
                       .root = parsed->mount.root,
                       .others = other_controllers(parsed->mount.controllers)};
  }
  return std::nullopt;
}

Result<void> expect_no_others(const NetClsMount& mount) {
  if (mount.others.empty()) return {};
  const std::string others = in_words(mount.others);
  return failure(ErrorCode::kConflict, "net_cls is mounted together with " + others + " at " + mount.mount_point +
                                           ": a process that is moved into a class would leave its " + others +
                                           " group and lose the limits set there; mount net_cls by itself, or with "
                                           "net_prio only");
}

std::vector<std::string> other_controllers(std::string_view options) {
  std::vector<std::string> others;
  const std::string plain = without_quoted(options);
  for (const std::string_view word : split(plain, ',')) {
    if (word.find('=') != std::string_view::npos || is_one_of(kNoControllers, word) || is_one_of(kHarmless, word)) {
      continue;
    }
    others.emplace_back(word);
  }
  return others;
}

std::string in_words(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

// One line: "net_cls  HIERARCHY  GROUPS  ENABLED", tabs between.
std::optional<NetClsController> find_net_cls_controller(std::string_view proc_cgroups) {
  for (const std::string_view line : split(proc_cgroups, '\n')) {
    const auto fields = split(line, '\t');
    if (fields.size() != 4 || fields[0] != "net_cls") continue;
    return NetClsController{.groups = parse_unsigned(fields[2]).value_or(0), .is_enabled = fields[3] == "1"};
  }
  return std::nullopt;
}

std::vector<CgroupMount> find_cgroup_mounts(std::string_view mountinfo) {
  std::vector<CgroupMount> mounts;
  for (const std::string_view line : split(mountinfo, '\n')) {
    if (auto parsed = parse_line(line)) mounts.push_back(std::move(parsed->mount));
  }
  return mounts;
}

std::optional<std::string> find_favordynmods(std::string_view mountinfo) {
  for (const std::string_view line : split(mountinfo, '\n')) {
    auto parsed = parse_line(line);
    if (parsed && parsed->favors_dynmods) return std::move(parsed->mount.mount_point);
  }
  return std::nullopt;
}

bool is_hierarchy(const CgroupMount& mount, std::string_view hierarchy) {
  if (hierarchy.empty()) return mount.controllers.empty();
  return has_controller(mount.controllers, hierarchy.substr(0, hierarchy.find(',')));
}

}  // namespace netclsd
