#include "agent/membership/namespace_facts.h"

#include <charconv>

#include "common/base/text.h"

namespace netclsd {
std::uint64_t parse_root_mount(std::string_view mountinfo) {
  std::uint64_t id = 0;
  const char* end = mountinfo.data() + mountinfo.size();
  const auto parsed = std::from_chars(mountinfo.data(), end, id);
  return parsed.ec == std::errc{} && parsed.ptr != end && *parsed.ptr == ' ' ? id : 0;
}

std::string parse_root(std::string_view mountinfo) {
  for (const std::string_view line : split(mountinfo, '\n')) {
    // "ID PARENT MAJOR:MINOR DIRECTORY MOUNT-POINT …"; the kernel escapes blanks in names
    const auto fields = split(line, ' ', 6);
    if (fields.size() == 6 && fields[4] == "/") return std::string(fields[2]) + " " + std::string(fields[3]);
  }
  return "";
}

bool share_a_container(const NamespaceFacts& init, const NamespaceFacts& other, const Outside& outside) {
  const NamespaceFacts& agent = outside.agent;
  const NamespaceFacts& host = outside.host;
  if (init.pid_namespace != 0 && other.pid_namespace != 0 && agent.pid_namespace != 0) {
    if (init.pid_namespace != other.pid_namespace) return false;
    if (init.pid_namespace != agent.pid_namespace) return true;
  }
  const bool are_known = agent.pid_depth != 0 && agent.root_mount != 0 && host.root_mount != 0;
  if (!are_known || init.pid_depth < agent.pid_depth || init.pid_depth != other.pid_depth) return false;
  const auto is_of_neither = [&](auto NamespaceFacts::*what) {
    return init.*what != agent.*what && init.*what != host.*what && init.*what != decltype(init.*what){};
  };
  const bool is_deeper = init.pid_depth > agent.pid_depth;
  if (init.root_mount == other.root_mount) {
    return is_of_neither(&NamespaceFacts::root_mount) && (is_deeper || is_of_neither(&NamespaceFacts::root));
  }
  const bool is_another = other.is_reaper || agent.root.empty() || host.root.empty();
  return is_deeper && !is_another && init.root == other.root && is_of_neither(&NamespaceFacts::root);
}

}  // namespace netclsd
