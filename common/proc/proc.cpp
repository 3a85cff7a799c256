#include "common/proc/proc.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "common/base/file.h"
#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr std::size_t kFileMax_bytes = 1U << 20;  // /proc/PID/cgroup: at most some 13 lines of PATH_MAX

Result<std::optional<std::string>> read_if_alive(const std::string& path) {
  auto text = read_file(path, kFileMax_bytes);
  if (text) return *std::move(text);
  // ESRCH: the process died between open and read.
  if (text.error().sys_errno() == ENOENT || text.error().sys_errno() == ESRCH) return std::nullopt;
  return pass_on(text.error());
}

std::string path_of(const std::string& proc, Pid pid, const char* name) {
  return proc + "/" + to_string(pid) + "/" + name;
}

}  // namespace

Result<std::optional<ProcessStat>> read_process_stat(const std::string& proc, Pid pid) {
  const std::string path = path_of(proc, pid, "stat");
  auto text = read_if_alive(path);
  if (!text) return pass_on(text.error());
  if (!*text) return std::nullopt;
  auto stat = parse_process_stat(**text);
  if (!stat) return invalid(path + " has unexpected content");
  return stat;
}

Result<std::optional<CgroupPaths>> read_cgroup_paths(const std::string& proc, Pid pid) {
  auto text = read_if_alive(path_of(proc, pid, "cgroup"));
  if (!text) return pass_on(text.error());
  if (!*text) return std::nullopt;
  return CgroupPaths::parse(**text);
}

namespace {

constexpr std::size_t kOffsetsMax_bytes = 4'096;  // two lines
constexpr std::int64_t kTicksPerSecond = 100;     // USER_HZ
constexpr std::int64_t kNanosecondsPerTick = 1'000'000'000 / kTicksPerSecond;

// Takes blanks and a number off the front of the text.
std::optional<std::int64_t> take_number(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

std::string own_time_namespace(const std::string& proc) {
  std::array<char, 64> target{};
  const ssize_t size = ::readlink((proc + "/self/ns/time").c_str(), target.data(), target.size());
  return size < 0 ? "" : std::string(target.data(), static_cast<std::size_t>(size));
}

std::optional<StartTime> in_initial_time(const std::string& proc, StartTime seen) {
  const auto offsets = read_file(proc + "/self/timens_offsets", kOffsetsMax_bytes);
  if (!offsets) return seen;  // before Linux 5.6
  const auto ticks = parse_boot_offset_ticks(*offsets);
  if (!ticks) return std::nullopt;
  return StartTime{seen.ticks - static_cast<std::uint64_t>(*ticks)};
}

// "boottime        864000         0": seconds and nanoseconds, of which only the seconds may be negative
std::optional<std::int64_t> parse_boot_offset_ticks(std::string_view timens_offsets) {
  constexpr std::string_view kName = "boottime ";
  for (std::string_view line : split(timens_offsets, '\n')) {
    if (!line.starts_with(kName)) continue;
    line.remove_prefix(kName.size());
    const auto seconds = take_number(line);
    const auto nanoseconds = seconds ? take_number(line) : std::nullopt;
    if (!nanoseconds || !line.empty() || *nanoseconds % kNanosecondsPerTick != 0) return std::nullopt;
    return *seconds * kTicksPerSecond + *nanoseconds / kNanosecondsPerTick;
  }
  return std::nullopt;
}

namespace {

constexpr std::string_view kMode = "hidepid=";
constexpr std::string_view kGroup = "gid=";

// "ID PARENT MAJ:MIN ROOT MOUNT-POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER-OPTIONS": the last. Empty: not /proc.
std::string_view options_of_proc(std::string_view line) {
  const auto fields = split(line, ' ');
  const auto dash = std::find(fields.begin(), fields.end(), "-");
  if (fields.size() < 10 || fields.end() - dash < 4) return {};
  return fields[4] == "/proc" && dash[1] == "proc" ? dash[3] : std::string_view{};
}

Hidepid parse_options(std::string_view options) {
  Hidepid hidepid;
  bool knows_groups = false;
  bool has_group = false;
  for (const std::string_view option : split(options, ',')) {
    const bool is_mode = option.starts_with(kMode);
    if (!is_mode && !option.starts_with(kGroup)) continue;
    if (is_mode) knows_groups = option != "hidepid=ptraceable" && option != "hidepid=4";
    if (!is_mode) has_group = option != "gid=0";
    hidepid.options.append(hidepid.options.empty() ? "" : ",").append(option);
  }
  if (hidepid.options.find(kMode) == std::string::npos) return {};
  hidepid.hides_agent = has_group || !knows_groups;
  return hidepid;
}

}  // namespace

Hidepid find_hidepid(std::string_view mountinfo) {
  std::string_view options;
  for (const std::string_view line : split(mountinfo, '\n')) {
    if (const auto found = options_of_proc(line); !found.empty()) options = found;  // the last one is on top
  }
  return parse_options(options);
}

std::string describe_hidepid(const Hidepid& hidepid) {
  return "/proc is mounted with " + hidepid.options +
         ", which hides the processes of others from an agent without capabilities: mount -o remount,hidepid=0 /proc; "
         "in a unit, no ProtectProc=";
}

}  // namespace netclsd
