#include "common/net_cls/mount.h"

#include <algorithm>
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

struct Line {
  CgroupMount mount;
  bool is_writable;
};

// "ID PARENT MAJ:MIN ROOT MOUNT-POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER-OPTIONS"
std::optional<Line> parse_line(std::string_view line) {
  const auto fields = split(line, ' ');
  const auto dash = std::find(fields.begin(), fields.end(), "-");
  if (fields.size() < 10 || fields.end() - dash < 4) return std::nullopt;
  if (dash[1] != "cgroup" && dash[1] != "cgroup2") return std::nullopt;
  const std::string_view controllers = dash[1] == "cgroup" ? dash[3] : "";
  return Line{{std::string(controllers), unescape(fields[4]), unescape(fields[3])}, has_controller(fields[5], "rw")};
}

}  // namespace

std::optional<NetClsMount> find_net_cls_mount(std::string_view mountinfo, std::string_view mount_point) {
  for (const std::string_view line : split(mountinfo, '\n')) {
    const auto parsed = parse_line(line);
    if (!parsed || !parsed->is_writable || !is_hierarchy(parsed->mount, "net_cls")) continue;
    if (!mount_point.empty() && parsed->mount.mount_point != mount_point) continue;
    return NetClsMount{.mount_point = parsed->mount.mount_point, .root = parsed->mount.root};
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

bool is_hierarchy(const CgroupMount& mount, std::string_view hierarchy) {
  if (hierarchy.empty()) return mount.controllers.empty();
  return has_controller(mount.controllers, hierarchy.substr(0, hierarchy.find(',')));
}

}  // namespace netclsd
