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

// "ID PARENT MAJ:MIN ROOT MOUNT-POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER-OPTIONS"
std::optional<NetClsMount> parse_line(std::string_view line) {
  const auto fields = split(line, ' ');
  const auto dash = std::find(fields.begin(), fields.end(), "-");
  if (fields.size() < 10 || fields.end() - dash < 4 || dash[1] != "cgroup") return std::nullopt;
  if (!has_controller(dash[3], "net_cls") || !has_controller(fields[5], "rw")) return std::nullopt;
  return NetClsMount{.mount_point = unescape(fields[4]), .root = unescape(fields[3])};
}

}  // namespace

std::optional<NetClsMount> find_net_cls_mount(std::string_view mountinfo, std::string_view mount_point) {
  for (const std::string_view line : split(mountinfo, '\n')) {
    auto mount = parse_line(line);
    if (mount && (mount_point.empty() || mount->mount_point == mount_point)) return mount;
  }
  return std::nullopt;
}

}  // namespace netclsd
