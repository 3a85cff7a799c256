#include "agent/core/namespace_facts.h"

#include <algorithm>
#include <charconv>

namespace netclsd {
namespace {

// The kernel escapes the line break in a process's name, so no name can bring a line of its own.
constexpr std::string_view kDepthLine = "\nNSpid:";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

std::uint64_t parse_pid_depth(std::string_view status) {
  const std::size_t at = status.find(kDepthLine);
  if (at == std::string_view::npos) return 0;
  std::string_view numbers = status.substr(at + kDepthLine.size());
  numbers = numbers.substr(0, numbers.find('\n'));
  std::uint64_t depth = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!is_blank(numbers[i]) && (i == 0 || is_blank(numbers[i - 1]))) ++depth;
  }
  return depth;
}

std::uint64_t parse_root_mount(std::string_view mountinfo) {
  std::uint64_t id = 0;
  const char* end = mountinfo.data() + mountinfo.size();
  const auto parsed = std::from_chars(mountinfo.data(), end, id);
  return parsed.ec == std::errc{} && parsed.ptr != end && *parsed.ptr == ' ' ? id : 0;
}

bool share_a_container(const NamespaceFacts& one, const NamespaceFacts& other, const NamespaceFacts& agent) {
  if (one.pid_namespace != 0 && other.pid_namespace != 0) {
    return one.pid_namespace == other.pid_namespace && one.pid_namespace != agent.pid_namespace;
  }
  // The depth alone would do for a container of the host and any other of its containers; the mount alone for who has
  // entered the container's mount namespace from the host and nothing else of it.
  const bool is_inside = agent.pid_depth != 0 && one.pid_depth > agent.pid_depth && one.pid_depth == other.pid_depth;
  return is_inside && one.root_mount != 0 && one.root_mount == other.root_mount && one.root_mount != agent.root_mount;
}

}  // namespace netclsd
