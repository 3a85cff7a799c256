#include "common/proc/process.h"

#include <cerrno>

#include "common/base/file.h"

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

}  // namespace netclsd
