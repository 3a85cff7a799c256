#include "common/model/process.h"

#include "common/base/text.h"

namespace netclsd {
namespace {

// Fields after the name, counted from the state (proc(5) calls it field 3).
constexpr std::size_t kState = 0;
constexpr std::size_t kParent = 1;
constexpr std::size_t kThreads = 17;
constexpr std::size_t kStartTime = 19;

// The kernel escapes a line break in a process's name, so a name cannot add a line. The name is the first line.
constexpr std::string_view kNamespacePids = "\nNSpid:";

std::optional<Pid> parse_pid(std::string_view text) {
  const auto value = parse_unsigned(text);
  if (!value || *value > kPidMax) return std::nullopt;
  return Pid{static_cast<std::int32_t>(*value)};
}

}  // namespace

// "PID (COMM) STATE PPID …". The kernel does not escape COMM, so only the last parenthesis ends it.
std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  const std::size_t open = text.find(" (");
  const std::size_t close = text.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) return std::nullopt;
  const auto fields = split(text.substr(close + 2), ' ');
  if (fields.size() <= kStartTime || fields[kState].size() != 1) return std::nullopt;
  const auto pid = parse_pid(text.substr(0, open));
  const auto parent = parse_pid(fields[kParent]);
  const auto threads = parse_unsigned(fields[kThreads]);
  const auto start_time = parse_unsigned(fields[kStartTime]);
  if (!pid || !parent || !threads || !start_time) return std::nullopt;
  return ProcessStat{.pid = *pid,
                     .comm = std::string(text.substr(open + 2, close - open - 2)),
                     .state = fields[kState].front(),
                     .parent = *parent,
                     .threads = *threads,
                     .start_time = StartTime{*start_time}};
}

std::vector<std::string_view> pids_in_namespaces(std::string_view status) {
  const std::size_t at = status.find(kNamespacePids);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = status.substr(at + kNamespacePids.size());
  auto numbers = split(rest.substr(0, rest.find('\n')), '\t');
  numbers.erase(numbers.begin());  // what is before the first tab: nothing
  return numbers;
}

}  // namespace netclsd
